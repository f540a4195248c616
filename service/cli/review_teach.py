"""`lockgate review --treat-as`: tells data flow of a function what it is, by a finding that knows it or by its full name."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from analyzers.finding import Finding, Report
from analyzers.lesson import CannotTeach, Lesson, Role, kinds_of, lesson, lessons, passed
from analyzers.options import FILE
from analyzers.teach import teach
from service.cli.review_source import Tree

_FINGERPRINT = re.compile(r"[0-9a-f]{8,64}")
SHOWN_FINGERPRINT = 12


def taught(tree: Tree, role: Role, wanted: str, kinds: Sequence[str], review: Callable[[], Report]) -> Iterator[str]:
    """Writes the model into the tree's `.lockgate.yml`, and says line by line what was done. Raises CannotTeach.

    `wanted` is a full name, or the beginning of the fingerprint of one of the findings that `review` gives.
    """
    finding = _finding(wanted, review().findings) if _FINGERPRINT.fullmatch(wanted) else None
    given = lesson(role, wanted, kinds) if finding is None else _learned(tree, role, finding, kinds)
    written = teach(tree.settings(FILE), given)
    place = tree.root / FILE
    replace_file(place, written.content)
    yield f"{place}:{written.first}: written"
    yield from (f"  {number:4} │ {line}" for number, line in enumerate(written.lines, written.first))
    if finding is None:
        return
    if any(one.fingerprint == finding.fingerprint for one in review().findings):
        yield f"{finding.path}:{finding.line}: {finding.rule} is still found: another way leads there, or the value does not come out of it"
    else:
        yield f"{finding.path}:{finding.line}: {finding.rule} is no longer found"


def hint(finding: Finding) -> str:
    """How to teach from this finding; "" where its value goes through no function."""
    if not lessons(finding.rule, finding.steps):
        return ""
    return f"lockgate review --treat-as sanitizer {finding.fingerprint[:SHOWN_FINGERPRINT]}"


def _finding(beginning: str, findings: Sequence[Finding]) -> Finding:
    found = [one for one in findings if one.fingerprint.startswith(beginning)]
    if len(found) == 1:
        return found[0]
    many = f"{len(found)} findings have a fingerprint that begins with {beginning}; give more of it"
    raise CannotTeach(many if found else f"no finding here has a fingerprint that begins with {beginning}")


def _learned(tree: Tree, role: Role, finding: Finding, kinds: Sequence[str]) -> Lesson:
    """The function that the finding's value goes through; of several the one that is the tree's own."""
    names = passed(finding.steps)
    own = [name for name in names if _is_own(tree, name)]
    chosen = own or list(names)
    if not chosen:
        raise CannotTeach(f"the value of {finding.path}:{finding.line} goes through no function; give the full name of one")
    given = list(kinds) or ([] if role == "source" else list(kinds_of(finding.rule)))
    if len(chosen) > 1:
        ways = "".join(f"\n  --treat-as {role} {name}" + (f" --kinds {','.join(given)}" if given else "") for name in chosen)
        raise CannotTeach(f"the value goes through several functions; say which one it is:{ways}")
    return lesson(role, chosen[0], given)


def _is_own(tree: Tree, name: str) -> bool:
    module = name.rpartition(".")[0].replace(".", "/")
    return not frozenset(tree.names).isdisjoint((f"{module}.py", f"{module}/__init__.py"))


def replace_file(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_bytes(content)
    fresh.replace(path)
