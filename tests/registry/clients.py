"""Package clients as a user would run them, each with a home folder and configuration of its own."""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

_NODE = Path(sys.prefix) / "npm-clients" / "node_modules"
TOOLS: dict[str, tuple[str, ...]] = {
    **{name: (str(Path(sys.prefix) / "clients" / "bin" / name),) for name in ("poetry", "hatch")},
    "pdm": (str(Path(sys.prefix) / "pdm" / "bin" / "pdm"),),
    **{name: (sys.executable, "-m", name) for name in ("pip", "uv", "twine")},
    "npm": ("npm",),
    "pnpm": ("sh", str(_NODE / ".bin" / "pnpm"),),
    "yarn": ("node", str(_NODE / "@yarnpkg" / "cli-dist" / "bin" / "yarn.js")),
    "yarn-classic": ("node", str(_NODE / "yarn" / "bin" / "yarn.js")),
}
"""Those that `.ci/test-clients` installed, those of our own environment, and the system's npm."""
_DROPPED = ("PIP_", "UV_", "TWINE_", "NPM_", "npm_", "POETRY_", "XDG_", "LOCKGATE_", "YARN_", "PNPM_", "PDM_", "HATCH_")


@dataclass
class Clients:
    """Runs clients against one package repository."""

    home: Path
    server_url: str
    repository: str
    token: str

    fence: dict[str, str] = field(default_factory=dict)
    """Environment that keeps clients on this machine."""

    def url(self, kind: str, rest: str = "") -> str:
        return f"{self.server_url}/{kind}/default/{self.repository}/{rest}"

    def index_url(self) -> str:
        scheme, _, tail = self.url("pypi", "simple/").partition("://")
        return f"{scheme}://test:{self.token}@{tail}"

    def environment(self, **env: str) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(_DROPPED)}
        return {**kept, "HOME": str(self.home), "NO_COLOR": "1", **self.fence, **env}

    def run(self, *command: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=cwd or self.home, env=self.environment(**env), capture_output=True, text=True, timeout=100, stdin=subprocess.DEVNULL)

    def tool(self, name: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """A client after `lockgate login`, that asks nobody anything."""
        quiet = {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring", "CI": "1", "YARN_ENABLE_TELEMETRY": "0", "PDM_CHECK_UPDATE": "0", "POETRY_VIRTUALENVS_IN_PROJECT": "1"}
        return self.run(*TOOLS[name], *arguments, cwd=cwd, **quiet)

    def log_in(self, client: str, *more: str, token: str = "") -> None:
        done = self.run(
            sys.executable, "-m", "service.cli.main", "login", client, "--server", self.server_url, "--token", token or self.token,
            "--repository", self.repository, *more, cwd=Path(__file__).parents[2],
        )
        assert done.returncode == 0, done.stderr

    def pip_install(self, requirement: str, target: Path, *more: str) -> subprocess.CompletedProcess[str]:
        return self.run(
            sys.executable, "-m", "pip", "install", "--no-cache-dir", "--disable-pip-version-check", "--retries", "0", "--no-deps",
            "--index-url", self.index_url(), "--target", str(target), *more, requirement, PIP_CONFIG_FILE=os.devnull,
        )

    def twine_upload(self, *files: Path, token: str = "", more: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        return self.run(
            sys.executable, "-m", "twine", "upload", "--non-interactive", "--disable-progress-bar", "--verbose", *more,
            "--repository-url", self.url("pypi"), "-u", "test", "-p", token or self.token, *map(str, files),
        )

    def uv_publish(self, *files: Path) -> subprocess.CompletedProcess[str]:
        return self.run(
            sys.executable, "-m", "uv", "publish", "--publish-url", self.url("pypi"), "--check-url", self.index_url(),
            "--username", "test", "--password", self.token, "--no-cache", *map(str, files),
        )

    def npm(self, *arguments: str, cwd: Path | None = None, token: str | None = "") -> subprocess.CompletedProcess[str]:
        npmrc = self.home / ".npmrc"
        secret = self.token if token == "" else token
        lines = [f"registry={self.url('npm')}", "update-notifier=false", "fetch-retries=0", f"cache={self.home / 'npm-cache'}"]
        if secret:
            host = urlsplit(self.server_url).netloc
            lines.append(f"//{host}/npm/default/{self.repository}/:_authToken={secret}")
        npmrc.write_text("\n".join(lines) + "\n")
        return self.run("npm", *arguments, cwd=cwd, NPM_CONFIG_USERCONFIG=str(npmrc))
