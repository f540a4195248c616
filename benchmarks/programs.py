"""Whole small programs, each shown to everything that reviews Python: what is found where a sin is marked, and what besides."""

import re
import tomllib
from pathlib import Path

from analyzers.finding import SourceFile
from analyzers.options import ReviewOptions
from analyzers.review import review_file

SETS = ("programs", "programs_later", "programs_other_kinds")
_MARK = re.compile(r"# sin: ([\w|-]+)")
_OPTIONS = ReviewOptions(disable=("bandit", "detect-secrets"))
_LOUD = ("critical", "high", "medium")


def measure(which: str) -> tuple[int, int, int, list[str]]:
    """(sins found, sins missed, other findings of medium or higher severity, what went wrong) in one of the sets."""
    told = Path(__file__).with_name(f"{which}.toml").read_text(encoding="utf-8")
    hits = misses = false = 0
    wrong = []
    for name, text in tomllib.loads(told).items():
        found: dict[int, set[str]] = {}
        loud: dict[int, set[str]] = {}
        for one in review_file(SourceFile(f"{name}.py", text.encode()), _OPTIONS).findings:
            rule = "hardcoded-credential" if one.rule.startswith("secret-") else one.rule  # the same sin, told by the kind of secret
            found.setdefault(one.line, set()).add(rule)
            if one.severity in _LOUD:
                loud.setdefault(one.line, set()).add(rule)
        for number, line in enumerate(text.split("\n"), 1):
            mark = _MARK.search(line)
            wanted = set(mark[1].split("|")) if mark else set()
            if wanted and wanted & found.get(number, set()):
                hits += 1
            elif wanted:
                misses += 1
                wrong.append(f"missed in {name}: {line.strip()}")
            if more := loud.get(number, set()) - wanted:
                false += len(more) if not mark else 0
                wrong += [f"besides in {name}: {one}: {line.strip()}" for one in sorted(more)] if not mark else []
    return hits, misses, false, wrong
