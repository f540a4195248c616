"""The command line of the host agent."""

from __future__ import annotations

import argparse
import os
import socket
import sys

from lockgate_agent.deploy.client import BadServer, Server
from lockgate_agent.deploy.layout import Layout, RootInUse, read_text
from lockgate_agent.deploy.loop import Agent, Identity


def main(arguments: list[str]) -> int:
    """Runs the agent; answers the exit code: 0 stopped as told, 1 the server refuses it, 2 wrong use."""
    options = _parser().parse_args(arguments)
    try:
        environment = {**_env_files(options.env_file), **_pairs("--env", options.env)}
        labels = _pairs("--label", options.label)
        if "LOCKGATE_PORT" in environment:
            labels.setdefault("port", environment["LOCKGATE_PORT"])
        layout = Layout(options.root, options.destination_root)
        join_token = _token(options.token_file, layout)
        server = Server(options.server, join_token)
        layout.hold()
    except (ValueError, BadServer, RootInUse, OSError) as problem:
        sys.stderr.write(f"lockgate-agent: {problem}\n")
        return 2
    identity = Identity(options.application, options.group, options.host, labels)
    return Agent(layout, server, identity, {**_inherited(), **environment}, join_token).run(options.once)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lockgate-agent deploy", description="The host agent of a deployment group.")
    add = parser.add_argument
    add("--server", required=True, metavar="URL", help="address of the Lockgate server")
    add("--token-file", required=True, metavar="FILE", help="a join token; not read any more once the host has its own")
    add("--application", required=True)
    add("--group", required=True)
    add("--host", default=socket.gethostname().lower(), help="this host's name; default: %(default)s")
    add("--root", required=True, metavar="DIR", help="where the agent keeps its state")
    add("--destination-root", metavar="DIR", help="what destinations in appspec.yml are below; default: --root")
    add("--env", action="append", default=[], metavar="KEY=VALUE", help="given to every hook; repeatable")
    add("--env-file", action="append", default=[], metavar="FILE", help="the same from a file, a KEY=VALUE a line: for secrets; repeatable")
    add("--label", action="append", default=[], metavar="KEY=VALUE", help="for the group's health check; repeatable")
    add("--once", action="store_true", help="end when there is no work left")
    return parser


def _pairs(option: str, given: list[str]) -> dict[str, str]:
    found = {}
    for pair in given:
        key, sign, value = pair.partition("=")
        if not sign or not key.isidentifier():
            raise ValueError(f"{option} {pair!r} is not KEY=VALUE")
        found[key] = value
    return found


def _env_files(paths: list[str]) -> dict[str, str]:
    """KEY=VALUE lines; empty ones and those that start with # are left out. Values are taken as they stand. Raises OSError, ValueError."""
    found = {}
    for path in paths:
        with open(path) as file:
            for number, line in enumerate(file, 1):
                pair = line.strip()
                if pair and not pair.startswith("#"):
                    # Only the name may be told: the rest is a secret.
                    key, sign, value = pair.partition("=")
                    if not sign or not key.isidentifier():
                        raise ValueError(f"--env-file {path}, line {number}: not KEY=VALUE")
                    found[key] = value
    return found


def _token(path: str, layout: Layout) -> str:
    """The join token. A host that has a token of its own starts without one. Raises OSError, ValueError."""
    try:
        text = read_text(path)
    except OSError:
        text = ""
    if not text and not read_text(layout.token):
        raise ValueError(f"--token-file {path} holds no token")
    return text


def _inherited() -> dict[str, str]:
    """What hooks see of the agent's own environment: enough to find programs and speak the host's language."""
    kept = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TZ", "LANG")
    found = {key: value for key, value in os.environ.items() if key in kept or key.startswith("LC_")}
    found.setdefault("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    return found
