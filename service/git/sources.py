"""Source code by commit for rooms that do not know the git host; the roof puts it into `Site.sources`."""

import tempfile
from pathlib import Path

from service.git import browse, command, repos
from service.git.command import in_repository
from service.kernel.db import Database
from service.kernel.errors import TooLarge
from service.kernel.site import Settings

READ_BYTES_MAX = 1024 * 1024
EXPORT_SECONDS_MAX = 300


class GitSources:
    """See service.kernel.site.Sources."""

    def __init__(self, settings: Settings, db: Database) -> None:
        self._settings, self._db = settings, db

    def resolve(self, repository: str, ref: str) -> str | None:
        """The commit a branch, tag or hash names, or None."""
        return browse.resolve(self._folder(repository), ref)

    def read(self, repository: str, commit: str, path: str) -> bytes | None:
        """A file of the commit, or None. Raises TooLarge over 1 MiB."""
        data = browse.blob(self._folder(repository), commit, path, READ_BYTES_MAX + 1)
        if data is not None and len(data) > READ_BYTES_MAX:
            raise TooLarge(what=path, limit_bytes=READ_BYTES_MAX)
        return data

    def export(self, repository: str, commit: str, folder: Path) -> None:
        """Writes the tree into an existing empty folder through a throw-away index; no attribute or filter is applied."""
        repo = self._folder(repository)
        with tempfile.TemporaryDirectory(prefix="lockgate-index-") as scratch:
            env = {"GIT_INDEX_FILE": f"{scratch}/index"}
            command.run(in_repository(repo, "read-tree", commit), env=env, seconds_max=EXPORT_SECONDS_MAX)
            command.run(
                in_repository(repo, f"--work-tree={folder}", "checkout-index", "--all", "--force", "--quiet"),
                env=env, seconds_max=EXPORT_SECONDS_MAX,
            )

    def subject(self, repository: str, commit: str) -> str:
        """The first line of the commit message."""
        found = browse.commit(self._folder(repository), commit)
        return found.subject if found else ""

    def _folder(self, repository: str) -> Path:
        with self._db.read() as session:
            return repos.folder(self._settings, repos.find(session, repository))
