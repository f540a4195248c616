"""`python -m benchmarks.analyzers`: how fast the reviewer reads Python, and how often data flow is right on labelled cases.

Speed is counted in CPU seconds of one process, cold, so that other work on the machine matters little. The tree is any folder
of installed packages; without one, the packages of this environment.
"""

import argparse
import resource
import sys
import sysconfig
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import libcst as cst

from analyzers.context import Draft
from analyzers.finding import SourceFile
from analyzers.flow.cases import all_cases
from analyzers.flow.findings import concerns, find
from analyzers.flow.models import built_in
from analyzers.flow.modules import Modules
from analyzers.flow.program import analyse
from analyzers.limits import FILE_BYTES_MAX
from analyzers.lint import lint
from analyzers.parse import checked, parse_module, uncollected
from analyzers.rule import all_rules

PACKAGES = ("flask", "werkzeug", "jinja2", "click", "packaging", "sqlalchemy", "alembic", "twine", "requests", "urllib3", "rich", "pydantic")
"""Some 450 thousand lines."""
RECURSION_MAX = 20_000


def speed(root: Path, names: Sequence[str]) -> dict[str, float]:
    """Lines, megabytes and thousands of lines for each CPU second: parsing, rules only, and rules with data flow."""
    files = [path for name in names for path in sorted((root / name).rglob("*.py")) if path.stat().st_size <= FILE_BYTES_MAX]
    rules, models, modules = [one for one in all_rules() if not one.extended], built_in(), Modules()
    spent: Counter[str] = Counter()
    lines = flows = 0

    def read(paths: Sequence[str]) -> SourceFile | None:
        found = next((path for path in paths if (root / path).is_file()), None)
        return SourceFile(found, (root / found).read_bytes()) if found else None

    def timed(what: str, began: float) -> float:
        now = time.process_time()
        spent[what] += now - began
        return now

    texts = [(file.relative_to(root).as_posix(), file.read_text(errors="replace")) for file in files]
    with checked():
        at = time.process_time()
        for _, text in texts:
            cst.parse_module(text)
        timed("own", at)
    for path, text in texts:
        with uncollected():  # as analyzers.review does it
            at = time.process_time()
            tree = parse_module(text)
            at = timed("parse", at)
            drafts: list[Draft] = lint(tree, text, path, rules)[0]
            at = timed("rules", at)
            if concerns(text, drafts, models):
                flows += sum(bool(one.steps) for one in find(tree, path, drafts, models, modules.loader(path, text, read))[0])
            timed("flow", at)
        lines += text.count("\n")
    own = spent.pop("own")
    return {
        "thousand lines": lines / 1000,
        "parsed by libcst alone, kLOC/s": lines / own / 1000,
        "parsed, kLOC/s": lines / spent["parse"] / 1000,
        "rules only, kLOC/s": lines / (spent["parse"] + spent["rules"]) / 1000,
        "rules and data flow across files, kLOC/s": lines / sum(spent.values()) / 1000,
        "findings with a way": flows,
        "peak memory, MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def rightness() -> dict[str, tuple[float, float, int]]:
    """For each half of the labelled cases: true positive rate, false positive rate, number."""
    counted: dict[str, Counter[tuple[bool, bool]]] = {"looked at": Counter(), "held out": Counter()}
    for case in {one.name: one for one in all_cases()}.values():
        hits = analyse(parse_module(case.source), "app.py", built_in()).hits
        found = any(hit.kind == case.kind for hit in hits)
        counted["held out" if case.held_out else "looked at"][case.sinful, found] += 1
    rates = {}
    for half, n in counted.items():
        true = n[True, True] / (n[True, True] + n[True, False])
        false = n[False, True] / (n[False, True] + n[False, False])
        rates[half] = true, false, n.total()
    return rates


def main() -> None:
    """Prints a Markdown table."""
    parser = argparse.ArgumentParser("python -m benchmarks.analyzers")
    parser.add_argument("--root", type=Path, default=Path(sysconfig.get_path("purelib")), help="folder that holds the packages")
    parser.add_argument("packages", nargs="*", default=PACKAGES)
    arguments = parser.parse_args()
    sys.setrecursionlimit(RECURSION_MAX)
    print("| what | measured |\n|---|---|")
    for what, number in speed(arguments.root, arguments.packages).items():
        print(f"| {what} | {number:,.1f} |")
    for half, (true, false, number) in rightness().items():
        print(f"| data flow on {number} labelled cases, {half}: found / wrongly found | {true:.3f} / {false:.3f} |")


if __name__ == "__main__":
    main()
