"""Runs the examples that rules carry: what a rule's author sees while writing it.

`python -m analyzers.rule_examples DIR` does so in a process of its own; it ends with 0, with 1 for what is wrong with an
example, and with 2 where the rules cannot be loaded.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import libcst as cst

from analyzers.lint import lint
from analyzers.parse import parse_module
from analyzers.rule import Rule, name_of
from analyzers.rule_folder import load

_SHOWN_MAX = 200


def broken(rules: Sequence[type[Rule]]) -> Iterator[str]:
    """A sentence for each example on which a rule does not do what it promises, and for each rule without examples."""
    for rule in rules:
        if not rule.invalid or not rule.valid:
            yield f"{name_of(rule)}: needs examples of both kinds, `invalid` and `valid`"
        for number, source in enumerate(rule.invalid, 1):
            yield from _told(rule, f"invalid example {number}", source, wanted=True)
        for number, source in enumerate(rule.valid, 1):
            yield from _told(rule, f"valid example {number}", source, wanted=False)


def _told(rule: type[Rule], which: str, source: str, *, wanted: bool) -> Iterator[str]:
    shown = source if len(source) <= _SHOWN_MAX else f"{source[:_SHOWN_MAX]}…"
    try:
        module = parse_module(source)
    except cst.ParserSyntaxError as error:
        yield f"{name_of(rule)}: {which} is not valid Python, line {error.raw_line}: {shown!r}"
        return
    found, failed = lint(module, source, "example.py", [rule])
    for one in failed:
        yield f"{name_of(rule)}: {which}: {one}: {shown!r}"
    if not failed and bool(found) is not wanted:
        yield f"{name_of(rule)}: finds {len(found) or 'nothing'} in {which}: {shown!r}"


def main(folder: Path) -> int:
    """Prints what is wrong with the examples of a folder's rules; answers the exit code."""
    try:
        loaded = load(folder)
    except Exception as error:  # noqa: BLE001  whatever the user's own code raises is told to the user
        print(f"lockgate: the rules in {folder} cannot be loaded: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    rules = loaded.rules
    wrong = [f"{one.path}:{one.line}: {one.message}" for one in loaded.told]
    wrong += list(broken(rules)) if rules else [f"there is no rule in {folder}"]
    for one in wrong:
        print(one)
    examples = sum(len(rule.invalid) + len(rule.valid) for rule in rules)
    print(f"{len(rules)} rules, {examples} examples, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
