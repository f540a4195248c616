"""`lockgate-agent`: the command of the host agent; `python -m lockgate_agent` is the same."""

from __future__ import annotations

import sys

from lockgate_agent.version import VERSION

USAGE = """usage: lockgate-agent deploy [options]     run the host agent of a deployment group
       lockgate-agent deploy --help        its options
       lockgate-agent --version"""


def main(arguments: list[str] | None = None) -> int:
    """Runs the subcommand; answers the exit code: 0 done, 1 failed, 2 wrong use."""
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == ["deploy"]:
        from lockgate_agent.deploy.command import main as deploy  # profiled programs never load the host agent

        return deploy(words[1:])
    if words in (["--version"], ["-V"]):
        sys.stdout.write(f"lockgate-agent {VERSION}\n")
        return 0
    asked = words in (["--help"], ["-h"])
    (sys.stdout if asked else sys.stderr).write(USAGE + "\n")
    return 0 if asked else 2


if __name__ == "__main__":
    sys.exit(main())
