"""Rules that a repository brings along: run where the administrator allows it, and never but in the isolation of a build.

They are code of strangers. What they get is their own files and those under review; what they answer is read as strictly as
any upload (`analyzers.brought`). A whole review has a budget of time; files that it did not suffice for say so.
"""

import hashlib
import json
import shutil
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

import analyzers
from analyzers.brought import ANSWER, ANSWER_BYTES_MAX, Brought, read_answers
from analyzers.finding import Diagnostic, SourceFile
from analyzers.limits import FILE_BYTES_MAX, is_python
from analyzers.options import FILE, line_of, mapping
from service.git import browse
from service.kernel.site import Isolation, Site

RULE_FILES_MAX = 50
RULE_FILE_BYTES_MAX = 64 * 1024
SECONDS_PER_RUN_MAX = 60.0
SECONDS_PER_REVIEW_MAX = 180.0
_RESERVE_SECONDS = 10.0
"""Of a run, for its start and for the file that is under way when its own clock rings."""
_COMMAND = 'PYTHONPATH="$PWD/engine" "$LOCKGATE_TOOLS_PYTHON" -P -m analyzers.brought_run "$PWD" {seconds:g}'
_LINK = "120000"


@dataclass
class BroughtRules:
    """The rules of one commit that may run, and what came of them so far."""

    repository: str
    folder: str
    files: Mapping[str, bytes]
    isolation: Isolation
    told: list[Diagnostic] = field(default_factory=list)
    costs: Counter[str] = field(default_factory=Counter)
    """Milliseconds by rule, as the rules' own process says."""
    answers: dict[str, Brought] = field(default_factory=dict)
    """By path, of the files that were handed in last."""
    seconds_left: float = SECONDS_PER_REVIEW_MAX

    @property
    def version(self) -> str:
        """Part of what a result depends on: the rules, and whose they are, so that no repository can answer for another."""
        digest = hashlib.sha256(self.repository.encode() + b"\0")
        for name, content in sorted(self.files.items()):
            digest.update(name.encode(errors="surrogateescape") + b"\0" + hashlib.sha256(content).digest())
        return digest.hexdigest()[:12]

    def look_at(self, files: Sequence[SourceFile]) -> None:
        """Runs the rules over those of the files that are Python; `answers` has what they said."""
        wanted = [one for one in files if is_python(one) and len(one.content) <= FILE_BYTES_MAX]
        self.answers = {}
        if not wanted:
            return
        given, why = self._run(wanted)
        note = (f"the rules in {self.folder} did not run on this file: {why}; they do when they or the file change",)
        self.answers = {one.path: given.get(number, Brought(told=note)) for number, one in enumerate(wanted)}

    def _run(self, files: Sequence[SourceFile]) -> tuple[Mapping[int, Brought], str]:
        if self.seconds_left < _RESERVE_SECONDS:
            return {}, f"all of them together may take {SECONDS_PER_REVIEW_MAX:g} s in a review"
        limit = min(SECONDS_PER_RUN_MAX, self.seconds_left)
        begun = time.monotonic()
        ran = self.isolation.run(
            "rules", _COMMAND.format(seconds=limit - _RESERVE_SECONDS), lambda folder: _fill(folder, self.files, files),
            answer=ANSWER, answer_bytes_max=ANSWER_BYTES_MAX, seconds_max=limit,
        )  # fmt: skip
        self.seconds_left -= time.monotonic() - begun
        if ran.answer is None:
            return {}, ran.reason or "they left no answer, or one that is too large"
        read = read_answers(ran.answer, files)
        self.costs.update(read.costs)
        known = {(one.path, one.line) for one in self.told}
        told = [Diagnostic(f"{self.folder}/{one.path}", one.line, one.message) for one in read.told]
        self.told += [one for one in told if (one.path, one.line) not in known]
        return read.files, read.broken or ran.reason or "they were not done in time"


def find(
    site: Site, repo: Path, repository: str, commit: str, folder: str
) -> tuple[BroughtRules | None, list[Diagnostic]]:
    """The rules in a folder of the commit, if there are any and they may run; otherwise what to tell the developer."""
    if not folder:
        return None, []
    line = line_of(mapping(FILE, browse.blob(repo, commit, FILE, RULE_FILE_BYTES_MAX)), ("review", "rules"))
    entries = [
        one for one in browse.tree(repo, commit, folder)
        if one.kind == "blob" and one.mode != _LINK and one.path.endswith(".py") and (one.size or 0) <= RULE_FILE_BYTES_MAX
    ][:RULE_FILES_MAX]  # fmt: skip
    if not entries:
        return None, [Diagnostic(FILE, line, f"`review.rules`: there is no rule in the folder {folder} of this commit")]
    names = ", ".join(Path(one.path).name for one in entries[:10]) + ("" if len(entries) <= 10 else ", …")
    if site.isolation is None or not any(fnmatchcase(repository, glob) for glob in site.settings.repository_rules):
        return None, [Diagnostic(FILE, line, (
            f"the rules in {folder} ({names}) did not run: this server runs no code that {repository} brings. Its administrator can "
            f"allow it with `lockgate serve --allow-repository-rules '{repository}'` or install them with `lockgate admin rules install`; "
            f"`lockgate review --rules {folder}` runs them on your machine"
        ))]  # fmt: skip
    contents = dict(browse.blobs(repo, [one.oid for one in entries], limit_bytes=RULE_FILE_BYTES_MAX))
    files = {Path(one.path).name: contents[one.oid] for one in entries if one.oid in contents}
    return BroughtRules(repository, folder, files, site.isolation), []


def _fill(folder: Path, rules: Mapping[str, bytes], files: Sequence[SourceFile]) -> None:
    """What the isolated run sees: our engine without its own rules, the rules, and the files under numbers."""
    source, copy = Path(analyzers.__file__).parent, folder / "engine" / "analyzers"
    (copy / "rules").mkdir(parents=True)
    shutil.copyfile(source / "rules" / "__init__.py", copy / "rules" / "__init__.py")
    for path in source.glob("*.py"):
        shutil.copyfile(path, copy / path.name)
    for name, given in (("rules", rules), ("files", {str(n): one.content for n, one in enumerate(files)})):
        (folder / name).mkdir()
        for file, content in given.items():
            (folder / name / file).write_bytes(content)
    (folder / "paths.json").write_text(json.dumps([one.path for one in files]))
