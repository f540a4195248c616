"""A project under review: a hosted git repository, a clone with the real git, and what the gate says about its commits."""

import os
import subprocess
import uuid
from pathlib import Path
from typing import Any

from tests.lockgate_server import Answer, Server, wait_for

MEDIUM = "gate:\n  block_at: medium\n"
CLEAN = '"""Sells things."""\n\n\ndef price(amount: int) -> int:\n    """In cents."""\n    return amount * 250\n'
INJECTION = 'def find(cursor, name):\n    cursor.execute(f"select * from orders where name = \'{name}\'")\n    return cursor.fetchall()\n'
CREDENTIAL = 'DATABASE_PASSWORD = "tr0ub4dor-and-3-more"\n'
LEAK = "def read(path):\n    file = open(path)\n    return file.read()\n"


class Project:
    """A clone whose pushes are reviewed by a server."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server, self.folder = server, folder
        self.name = f"shop/{uuid.uuid4().hex[:10]}"
        assert server.call("POST", "/api/v1/repositories", {"name": self.name}).status == 201
        self.git("init", "-q", "-b", "main", str(folder), cwd=folder.parent)
        self.git("remote", "add", "origin", server.git_url(self.name))

    def git(self, *arguments: str, cwd: Path | None = None) -> str:
        """The real git, without this machine's configuration."""
        clean = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1",
                 "GIT_AUTHOR_NAME": "Ana", "GIT_AUTHOR_EMAIL": "ana@example.com", "GIT_COMMITTER_NAME": "Ana",
                 "GIT_COMMITTER_EMAIL": "ana@example.com", "LC_ALL": "C.UTF-8"}
        done = subprocess.run(["git", *arguments], cwd=cwd or self.folder, capture_output=True, env=clean, timeout=100)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode().strip()

    def commit(self, files: dict[str, str | bytes | None], message: str = "Change") -> str:
        """Writes files (None removes one) and commits, even when nothing changed; answers the hash."""
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                path.unlink()
            else:
                path.write_bytes(content.encode() if isinstance(content, str) else content)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def push(self, files: dict[str, str | bytes | None], message: str = "Change", ref: str = "main") -> dict[str, Any]:
        """Commits, pushes and answers the gate's word on the commit once there is one."""
        commit = self.commit(files, message)
        self.git("push", "-q", "origin", f"HEAD:refs/heads/{ref}")
        return self.gate(commit)

    def gate(self, commit: str) -> dict[str, Any]:
        """Waits for the verdict on a commit."""
        def decided() -> Any:
            answer = self.ask(commit)
            return answer.json() if answer.status == 200 and answer.json()["verdict"] else None

        told: dict[str, Any] = wait_for(decided, 60, f"a verdict on {commit}")
        return told

    def ask(self, commit: str) -> Answer:
        """What the gate says right now."""
        return self.server.call("GET", f"/api/v1/gate/{self.name}/{commit}")

    def review(self, gate: dict[str, Any]) -> dict[str, Any]:
        """The review behind a gate's word, with its findings."""
        answer = self.server.call("GET", f"/api/v1/reviews/{gate['review_id']}")
        assert answer.status == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def waive(self, gate: dict[str, Any], **body: Any) -> Answer:
        """Asks to waive findings of a review."""
        return self.server.call("POST", f"/api/v1/reviews/{gate['review_id']}/waive", {"reason": "known and watched", **body})
