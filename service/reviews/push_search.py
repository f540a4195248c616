"""git's pre-receive hook of repositories that block secrets: searches what a push brings, before any of it is in the repository.

git keeps the pushed objects apart until the hook agrees (git-receive-pack(1), quarantine environment); one that ends with 1
refuses the whole push, and what it writes is shown to who pushes. Whatever cannot be searched is refused too. Why it refused, the
hook leaves in the file that PUSH_NOTE names, for the audit trail: kinds and numbers, no secret.
"""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from analyzers.finding import FileReport, Finding, SourceFile, at_or_above
from analyzers.isolated import Reviewer, ReviewerBroken
from analyzers.limits import FILE_BYTES_MAX, is_binary
from analyzers.options import ALL_BUT_SECRETS, FILE, Accepted, BrokenOptions, ReviewOptions, read_options
from analyzers.parts import parts

LEVEL = "high"
"""As a gate without settings; what is likely none does not stop a push."""
BLOBS_MAX = 50_000
BATCH_BLOBS = 100
LARGE_BYTES_MAX = 64 * 1024 * 1024
"""How much text of files above the reviewer's limit one push may bring: they are searched part by part while it waits."""
CHUNK_BYTES = 256 * 1024
TOLD_MAX = 20
KINDS_MAX = 20
LIST_SECONDS_MAX = 120
NOTE = "LOCKGATE_PUSH_NOTE"
_NONE = "0" * 40


class CannotSearch(Exception):
    """The push cannot be searched; the message says why."""


def main(arguments: Sequence[str]) -> int:
    """Reads `old new ref` lines; 0 lets the push in, 1 refuses it. The argument is the lowest severity that refuses."""
    level = arguments[0] if arguments else LEVEL
    tips = [new for _, new, _ in (line.split(" ", 2) for line in sys.stdin.read().splitlines()) if new != _NONE]
    try:
        found = list(_search(_blobs(tips), _accepted(tips), level)) if tips else []
    except (CannotSearch, ReviewerBroken, OSError, subprocess.SubprocessError) as error:
        _say(f"this push could not be searched for secrets, so it is refused: {error}")
        _note("could not be searched for secrets")
        return 1
    if found:
        _tell(found)
        kinds = Counter(one.rule for one in found)
        _note("secrets: " + ", ".join(f"{rule} × {number}" for rule, number in kinds.most_common(KINDS_MAX)))
    return 1 if found else 0


def _tell(found: Sequence[Finding]) -> None:
    for one in found[:TOLD_MAX]:
        _say(f"{one.path}:{one.line}: {one.rule}: {one.message}")
    more = f" (the first {TOLD_MAX} are shown)" if len(found) > TOLD_MAX else ""
    _say(f"{len(found)} secret{'s' if len(found) > 1 else ''}{more} in the commits of this push, so none of it was taken.")
    _say("Take it out of the commits (git rebase -i, git commit --amend) and withdraw it if it ever left this machine.")
    _say(f"No secret? Say so on its line: # lockgate: ignore[{found[0].rule}] why it is none")
    _say(f'Where no comment can stand: lockgate review --accept {found[0].path}:{found[0].line} --reason "why it is none"')
    _say(f"which writes into {FILE}; commit that and push again.")


def _blobs(tips: Sequence[str]) -> Mapping[str, str]:
    """New blobs with a path each."""
    listing = _git("rev-list", "--objects", "--filter=object:type=blob", "--filter-provided-objects", "--stdin", "--not", "--all",
                   data="\n".join(tips))  # fmt: skip
    pairs = (line.decode(errors="surrogateescape").partition(" ") for line in listing.splitlines())
    names = {oid: path.encode(errors="surrogateescape").decode(errors="backslashreplace") or oid for oid, _, path in pairs}
    if len(names) > BLOBS_MAX:
        raise CannotSearch(f"it brings {len(names):,} files, and {BLOBS_MAX:,} can be searched while a push waits; push in parts")
    return names


def _accepted(tips: Sequence[str]) -> tuple[Accepted, ...]:
    """What the settings of the pushed commits declare to be no secret. Settings that cannot be read declare nothing."""
    accepted: dict[Accepted, None] = {}
    for tip in tips:
        shown = subprocess.run(["git", "cat-file", "blob", f"{tip}:{FILE}"], capture_output=True, timeout=LIST_SECONDS_MAX, check=False)
        try:
            if shown.returncode == 0:
                accepted |= dict.fromkeys(read_options(shown.stdout).accept)
        except BrokenOptions as broken:
            _say(f"{'; '.join(broken.problems[:3])}; what it accepts does not count")
    return tuple(accepted)


def _search(names: Mapping[str, str], accepted: tuple[Accepted, ...], level: str) -> Iterator[Finding]:
    if not names:
        return
    listing = _git("cat-file", "--batch-check=%(objectname) %(objectsize)", data="\n".join(names)).decode()
    sizes = {oid: int(size) for oid, size in (line.split() for line in listing.splitlines())}
    in_order = sorted(sizes, key=lambda oid: (names[oid], oid))
    left = iter([oid for oid in in_order if sizes[oid] <= FILE_BYTES_MAX])
    options = ReviewOptions(disable=(ALL_BUT_SECRETS,), accept=accepted)
    with Reviewer() as reviewer:
        while batch := list(islice(left, BATCH_BLOBS)):
            files = [SourceFile(names[oid], content) for oid, content in _contents(batch)]
            for report in reviewer.review_files(files, options):
                yield from _counting(report, level)
        room = LARGE_BYTES_MAX
        for oid in (oid for oid in in_order if sizes[oid] > FILE_BYTES_MAX):
            if not _is_text(oid, names[oid]):
                continue
            room -= sizes[oid]
            if room < 0:
                raise CannotSearch(f"{names[oid]} and others bring more than {LARGE_BYTES_MAX:,} bytes of text in large files; "
                                   "keep such data in a package repository or as Git LFS objects, or push it in parts")  # fmt: skip
            yield from _large(oid, names[oid], reviewer, options, level)


def _large(oid: str, path: str, reviewer: Reviewer, options: ReviewOptions, level: str) -> Iterator[Finding]:
    """Secrets of a file above the reviewer's limit, part by part; what the parts share is told once."""
    told: set[tuple[str, str, int]] = set()
    for part in parts(path, _chunks(oid)):
        for one in _counting(reviewer.review_files([part.file], options)[0], level):
            placed = part.placed(one)
            if (mark := (placed.rule, placed.secret_hash, placed.line)) not in told:
                told.add(mark)
                yield placed


def _counting(report: FileReport, level: str) -> Iterator[Finding]:
    """The secrets for which a push is refused. Raises CannotSearch for a file that took too much time or memory."""
    if stopped := next((one for one in report.diagnostics if one.passing), None):
        raise CannotSearch(f"{stopped.path}: {stopped.message}")
    yield from (one for one in report.findings if one.secret_hash and at_or_above(one.severity, level))


def _is_text(oid: str, path: str) -> bool:
    chunks = _chunks(oid)
    try:
        return not is_binary(SourceFile(path, next(chunks, b"")))
    finally:
        chunks.close()


def _chunks(oid: str) -> Generator[bytes]:
    with subprocess.Popen(["git", "cat-file", "blob", oid], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            while chunk := process.stdout.read(CHUNK_BYTES):
                yield chunk
        finally:
            process.kill()


def _contents(oids: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    out = _git("cat-file", "--batch", data="\n".join(oids))
    place = 0
    for oid in oids:
        end = out.index(b"\n", place)
        size = int(out[place:end].split()[2])
        yield oid, out[end + 1 : end + 1 + size]
        place = end + 2 + size


def _git(*arguments: str, data: str) -> bytes:
    """In the environment that git gave the hook, where the pushed objects can be seen."""
    done = subprocess.run(["git", *arguments], input=data.encode() + b"\n", capture_output=True, timeout=LIST_SECONDS_MAX, check=False)
    if done.returncode != 0:
        raise CannotSearch(f"git {arguments[0]} ended with {done.returncode}")
    return done.stdout


def _note(reason: str) -> None:
    """For the audit trail, which the web process writes: the hook has no database."""
    if path := os.environ.get(NOTE):
        Path(path).write_text(reason, encoding="utf-8")


def _say(text: str) -> None:
    """To standard error, which git passes on."""
    print("Lockgate: " + "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text), file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
