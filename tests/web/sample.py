"""A repository that tries to break the pages: markup in names and texts, slashes in branches, bytes that are no text."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.lockgate_server import Server

ATTACK = "<script>alert(1)</script>"
README = f"""# Awkward

{ATTACK} and [a link](javascript:alert(1)) and ![a picture](http://elsewhere.invalid/p.png) and [home](https://example.invalid/).

```python
def find(name):
    return name
```
"""
PROGRAM = 'def find(name):\n    """Looks <b>up</b>."""\n    return "&" + name\n'


@dataclass(frozen=True)
class Sample:
    """What was pushed."""

    repository: str
    first: str
    second: str

    @property
    def page(self) -> str:
        return f"/repositories/{self.repository}"


def push_sample(server: Server, name: str, folder: Path) -> Sample:
    created = server.call("POST", "/api/v1/repositories", {"name": name, "project": "web", "description": f"Awkward {ATTACK}"})
    assert created.status == 201, created.text
    work = folder / "work"
    git(folder, "init", "-q", "-b", "main", str(work))
    (work / "README.md").write_text(README)
    (work / "src").mkdir()
    (work / "src" / "find.py").write_text(PROGRAM)
    (work / "src" / "long.txt").write_text("".join(f"line {n}\n" for n in range(1, 1501)))
    (work / "picture.bin").write_bytes(bytes(range(256)) * 40)
    (work / "a b&<i>.txt").write_text("spaces and markup\n")
    (work / "ünïcode.txt").write_text("grüß Gott\n")
    (work / "link").symlink_to("README.md")
    Path(os.fsdecode(os.fsencode(work) + b"/latin-\xe9.txt")).write_bytes(b"caf\xe9\n")
    first = _commit(work, f"First {ATTACK}\n\nThe body & its <b>reasons</b>.")
    (work / "src" / "find.py").write_text(PROGRAM.replace('"&" + name', "name"))
    git(work, "mv", "ünïcode.txt", "renamed.txt")
    (work / "src" / "long.txt").write_text("".join(f"line {n} again\n" for n in range(1, 1501)))
    second = _commit(work, "Second")
    git(work, "push", "-q", server.git_url(name), "HEAD:main", f"{first}:refs/heads/feature/deep/one", f"{first}:refs/tags/v1.0")
    return Sample(name, first, second)


def git(folder: Path, *arguments: str) -> str:
    env = {
        **os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0",
        "GIT_AUTHOR_NAME": "Ada <i>", "GIT_AUTHOR_EMAIL": "ada@example.invalid",
        "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.invalid",
    }
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True, env=env).stdout.strip()


def _commit(work: Path, message: str) -> str:
    git(work, "add", "-A")
    git(work, "commit", "-q", "-m", message)
    return git(work, "rev-parse", "HEAD")
