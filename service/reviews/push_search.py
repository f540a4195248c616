"""git's pre-receive hook of repositories that block secrets: searches what a push brings, before any of it is in the repository.

git keeps the pushed objects apart until the hook agrees (git-receive-pack(1), quarantine environment); one that ends with 1
refuses the whole push, and what it writes is shown to who pushes. Whatever cannot be searched is refused too.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from analyzers.finding import Finding, SourceFile, at_or_above
from analyzers.isolated import Reviewer, ReviewerBroken
from analyzers.limits import FILE_BYTES_MAX
from analyzers.options import ALL_BUT_SECRETS, ReviewOptions

LEVEL = "high"
"""As a gate without settings; what is likely none does not stop a push."""
BLOBS_MAX = 50_000
BATCH_BLOBS = 100
TOLD_MAX = 20
LIST_SECONDS_MAX = 120
_NONE = "0" * 40


class CannotSearch(Exception):
    """The push cannot be searched; the message says why."""


def main() -> int:
    """Reads `old new ref` lines; 0 lets the push in, 1 refuses it."""
    tips = [new for _, new, _ in (line.split(" ", 2) for line in sys.stdin.read().splitlines()) if new != _NONE]
    try:
        found = list(_search(_blobs(tips))) if tips else []
    except (CannotSearch, ReviewerBroken, OSError, subprocess.SubprocessError) as error:
        _say(f"this push could not be searched for secrets, so it is refused: {error}")
        return 1
    for one in found[:TOLD_MAX]:
        _say(f"{one.path}:{one.line}: {one.rule}: {one.message}")
    if found:
        more = f" (the first {TOLD_MAX} are shown)" if len(found) > TOLD_MAX else ""
        _say(f"{len(found)} secret{'s' if len(found) > 1 else ''}{more} in the commits of this push, so none of it was taken.")
        _say("Take it out of the commits (git rebase -i, git commit --amend) and withdraw it if it ever left this machine.")
        _say(f"No secret? Say so on its line: # lockgate: ignore[{found[0].rule}] why it is none")
    return 1 if found else 0


def _blobs(tips: Sequence[str]) -> Mapping[str, str]:
    """New blobs with a path each."""
    listing = _git("rev-list", "--objects", "--filter=object:type=blob", "--filter-provided-objects", "--stdin", "--not", "--all",
                   data="\n".join(tips))  # fmt: skip
    pairs = (line.decode(errors="surrogateescape").partition(" ") for line in listing.splitlines())
    names = {oid: path.encode(errors="surrogateescape").decode(errors="backslashreplace") or oid for oid, _, path in pairs}
    if len(names) > BLOBS_MAX:
        raise CannotSearch(f"it brings {len(names):,} files, and {BLOBS_MAX:,} can be searched while a push waits; push in parts")
    return names


def _search(names: Mapping[str, str]) -> Iterator[Finding]:
    if not names:
        return
    listing = _git("cat-file", "--batch-check=%(objectname) %(objectsize)", data="\n".join(names)).decode()
    small = [oid for oid, size in (line.split() for line in listing.splitlines()) if int(size) <= FILE_BYTES_MAX]
    left = iter(sorted(small, key=lambda oid: (names[oid], oid)))
    options = ReviewOptions(disable=(ALL_BUT_SECRETS,))
    with Reviewer() as reviewer:
        while batch := list(islice(left, BATCH_BLOBS)):
            files = [SourceFile(names[oid], content) for oid, content in _contents(batch)]
            for report in reviewer.review_files(files, options):
                yield from (one for one in report.findings if one.secret_hash and at_or_above(one.severity, LEVEL))


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


def _say(text: str) -> None:
    """To standard error, which git passes on."""
    print("Lockgate: " + "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text), file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
