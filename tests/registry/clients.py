"""pip, twine, uv and npm as a user would run them, each with a home folder and configuration of its own."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

_DROPPED = ("PIP_", "UV_", "TWINE_", "NPM_", "npm_", "POETRY_", "XDG_", "LOCKGATE_")


@dataclass
class Clients:
    """Runs clients against one package repository."""

    home: Path
    server_url: str
    repository: str
    token: str

    def url(self, kind: str, rest: str = "") -> str:
        return f"{self.server_url}/{kind}/default/{self.repository}/{rest}"

    def index_url(self) -> str:
        scheme, _, tail = self.url("pypi", "simple/").partition("://")
        return f"{scheme}://test:{self.token}@{tail}"

    def environment(self, **env: str) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(_DROPPED)}
        return {**kept, "HOME": str(self.home), "PIP_CONFIG_FILE": os.devnull, "NO_COLOR": "1", **env}

    def run(self, *command: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=cwd or self.home, env=self.environment(**env), capture_output=True, text=True, timeout=100, stdin=subprocess.DEVNULL)

    def pip_install(self, requirement: str, target: Path, *more: str) -> subprocess.CompletedProcess[str]:
        return self.run(
            sys.executable, "-m", "pip", "install", "--no-cache-dir", "--disable-pip-version-check", "--retries", "0", "--no-deps",
            "--index-url", self.index_url(), "--target", str(target), *more, requirement,
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
