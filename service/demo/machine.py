"""The processes of the demonstration: the service, the host agents, and what they deployed; all ended at the end."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from service.demo.show import NotAsTold
from service.kernel.errors import Problem

MARKER = "this folder is made and removed by `lockgate demo`\n"


class NotOurFolder(Problem):
    """The scene's folder holds something that the demonstration did not make."""

    says = "{path} exists and was not made by the demonstration"
    todo = "Name another folder with --data."


class Machine:
    """Starts processes and remembers them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._started: list[subprocess.Popen[bytes]] = []
        marker = folder / ".demo"
        if folder.exists() and any(folder.iterdir()):
            if not marker.exists():
                raise NotOurFolder(path=folder)
            self.end_strays()
            shutil.rmtree(folder)
        folder.mkdir(parents=True, exist_ok=True)
        marker.write_text(MARKER)

    def start(self, name: str, argv: Sequence[str], env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Runs a program in the background; its output goes to `<name>.log`."""
        with (self.folder / f"{name}.log").open("ab") as log:
            # A session of its own: Ctrl-C reaches only the demonstration, which then ends everything in order.
            process = subprocess.Popen(
                argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=clean_environment(env), start_new_session=True,
            )
        self._started.append(process)
        return process

    def run(self, argv: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None, ok: bool = True) -> str:
        """Runs a program to its end and answers what it printed. Raises NotAsTold when it fails and `ok` was expected."""
        done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, env=clean_environment(env), timeout=300)
        if ok and done.returncode != 0:
            said = (done.stderr or done.stdout).strip()[-800:]
            raise NotAsTold(what=" ".join(argv[:3]), expected="exit 0", came=f"exit {done.returncode}: {said}")
        return done.stdout + done.stderr

    def stop_all(self) -> None:
        """Ends what was started, newest first, and what that left behind."""
        for process in reversed(self._started):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in reversed(self._started):
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.end_strays()

    def end_strays(self) -> None:
        """Ends processes that live from this folder, such as the deployed services, which outlive their agents by design."""
        for process in self.strays():
            try:
                process.terminate()
            except psutil.NoSuchProcess:
                continue
        _gone, alive = psutil.wait_procs(self.strays(), timeout=5)
        for process in alive:
            process.kill()
        psutil.wait_procs(alive, timeout=5)

    def strays(self) -> list[psutil.Process]:
        """Processes whose program, arguments or folder lie in the scene, but for this one and those that called it."""
        me, place = psutil.Process(), str(self.folder)
        ours = {me.pid, *(parent.pid for parent in me.parents())}
        found = []
        for process in psutil.process_iter():
            try:
                words = [*process.cmdline(), process.cwd()]
            except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
                continue
            if process.pid not in ours and any(word == place or word.startswith(place + os.sep) for word in words):
                found.append(process)
        return found


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without what would send pip, npm and git elsewhere; `python3` is the one that runs this."""
    dropped = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "VIRTUAL_ENV")
    prefixes = ("GIT_", "LOCKGATE_", "NPM_CONFIG_", "npm_config_")
    kept = {k: v for k, v in os.environ.items() if k not in dropped and not k.startswith(prefixes)}
    # Hosts install wheels that were built with the service's interpreter, which need not be the first on the path.
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    return {**kept, "PATH": path, "GIT_TERMINAL_PROMPT": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1", **(extra or {})}


def free_port(wished: int = 0) -> int:
    """`wished` if nobody listens there, else a free port of the system's choice."""
    for port in (wished, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise NotAsTold(what="a free port", expected="one", came="none")


def serve_command(data: Path, port: int) -> list[str]:
    """`lockgate serve` with this interpreter."""
    return [sys.executable, "-m", "service.cli.main", "serve", "--data", str(data), "--port", str(port)]


def wait_for_exit(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Blocks until Ctrl-C, or until one of the processes ends by itself."""
    while all(process.poll() is None for process in processes):
        time.sleep(0.5)


