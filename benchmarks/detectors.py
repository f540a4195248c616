"""`python -m benchmarks.detectors`: recall and precision of the rules on cases that they were not written for."""

from collections.abc import Sequence

from analyzers.lint import lint
from analyzers.parse import parse_module
from analyzers.rule import Rule, all_rules, name_of
from benchmarks import programs, samples
from benchmarks.held_out import CASES
from benchmarks.held_out_pages import cases

Case = tuple[str, list[str], list[str]]


def measure(held_out: Sequence[Case]) -> tuple[int, int, int, list[str]]:
    """(sins found, sins missed, near misses reported, what went wrong), each case against its own rule."""
    rules = {name_of(rule): rule for rule in all_rules()}
    hits = misses = false = 0
    wrong = []
    for name, bad, good in held_out:
        for source in bad:
            if _found(rules[name], source):
                hits += 1
            else:
                misses += 1
                wrong.append(f"missed by {name}: {source!r}")
        for source in good:
            if _found(rules[name], source):
                false += 1
                wrong.append(f"false alarm of {name}: {source!r}")
    return hits, misses, false, wrong


def _found(rule: type[Rule], source: str) -> bool:
    drafts, failed = lint(parse_module(source), source, "a.py", [rule])
    return bool(drafts) and not failed


def main() -> None:
    """Prints the numbers of both sets, and each case that went wrong."""
    shown = sum(len(rule.invalid) + len(rule.valid) for rule in all_rules())
    print(f"{len(all_rules())} rules, {shown} examples in their files")
    for told, held_out in (
        ("written after the rules", CASES), ("written from the rules' pages alone", cases()),
        ("the same of the nineteen newest rules", cases("held_out_newest")),
    ):  # fmt: skip
        hits, misses, false, wrong = measure(held_out)
        near = sum(len(good) for _, _, good in held_out)
        print(f"held out, {told}: {hits + misses + near} cases of {len(held_out)} rules")
        print(f"recall {hits / (hits + misses):.3f} ({hits} of {hits + misses}), "
              f"precision {hits / (hits + false):.3f}, false alarms {false} of {near}")  # fmt: skip
        print(*wrong, sep="\n")
    for which in programs.SETS:
        hits, misses, false, wrong = programs.measure(which)
        print(f"whole programs of {which}.toml, all rules and data flow at once")
        print(f"recall {hits / (hits + misses):.3f} ({hits} of {hits + misses}), precision {hits / (hits + false):.3f}, besides {false}")
        print(*wrong, sep="\n")
    for which in samples.SETS:
        tally, wrong = samples.measure(which)
        pairs, found = samples.total(tally, "pairs"), samples.total(tally, "found")
        loud, quiet = samples.total(tally, "loud"), samples.total(tally, "quiet")
        print(f"snippets of {which}.txt: recall {found / pairs:.3f} ({found} of {pairs}), twins told of {loud}, with low or info only {quiet}")
        for family in dict.fromkeys(one for one, _ in tally):
            print(f"  {family}: {tally[family, 'found']} of {tally[family, 'pairs']}")
        print(*wrong, sep="\n")


if __name__ == "__main__":
    main()
