"""Runs the rules that a repository brings, inside an isolation: `python -m analyzers.brought_run FOLDER SECONDS`.

FOLDER holds `rules/`, the files to review under their numbers in `files/`, their paths in `paths.json`, and gets the answer (see
`analyzers.brought`). Each rule's time is taken apart. After SECONDS no further file is begun.
"""

import json
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any, TextIO

import libcst as cst

from analyzers.context import Draft
from analyzers.lint import lint
from analyzers.parse import parse_module
from analyzers.rule import name_of
from analyzers.rule_folder import Loaded, load

RECURSION_MAX = 20_000
STACK_BYTES = 64 * 1024 * 1024
_CHARACTERS_MAX = 400


def main(folder: Path, seconds: float) -> None:
    """Writes the answer line by line, so that what was done before the end of the time counts."""
    until = time.monotonic() + seconds
    sys.setrecursionlimit(RECURSION_MAX)
    threading.stack_size(STACK_BYTES)
    worker = threading.Thread(target=_answer, args=(folder, until))
    worker.start()
    worker.join()


def _answer(folder: Path, until: float) -> None:
    with (folder / "answers.jsonl").open("w", encoding="utf-8") as out:
        try:
            loaded = load(folder / "rules")
        except BaseException as error:  # noqa: BLE001  whatever the rules raise is told to whom they belong
            _say(out, {"broken": f"they cannot be loaded: {type(error).__name__}: {error}"[:_CHARACTERS_MAX]})
            return
        told = [{"path": one.path, "line": one.line, "message": one.message} for one in loaded.told]
        _say(out, {"told": told[:100], "broken": "" if loaded.rules else "there is no rule among them"})
        costs: dict[str, float] = defaultdict(float)
        for number, path in enumerate(json.loads((folder / "paths.json").read_text())):
            if time.monotonic() > until:
                break
            _say(out, _file(number, path, (folder / "files" / str(number)).read_bytes(), loaded, costs))
        _say(out, {"costs": {name: round(seconds * 1000) for name, seconds in costs.items()}})


def _file(number: int, path: str, content: bytes, loaded: Loaded, costs: dict[str, float]) -> dict[str, Any]:
    findings: list[dict[str, Any]] = []
    failed: list[str] = []
    try:
        module = parse_module(content)
    except (cst.ParserSyntaxError, UnicodeDecodeError, LookupError, SyntaxError, ValueError):
        return {"file": number, "findings": [], "failed": []}  # the review itself says so
    for rule in loaded.rules:
        begun = time.perf_counter()
        drafts, wrong = lint(module, module.code, path, [rule])
        costs[name_of(rule)] += time.perf_counter() - begun
        findings += map(_told, drafts)
        failed += [one[:_CHARACTERS_MAX] for one in wrong]
    return {"file": number, "findings": findings[:500], "failed": failed[:200]}


def _told(draft: Draft) -> dict[str, Any]:
    return {
        "rule": draft.rule, "message": draft.message[:_CHARACTERS_MAX], "severity": draft.severity, "confidence": draft.confidence,
        "cwe": draft.cwe, "line": draft.line, "column": draft.column, "end_line": draft.end_line, "end_column": draft.end_column,
        "why": draft.why[:2_000], "fix": draft.fix[:2_000],
    }  # fmt: skip


def _say(out: TextIO, line: dict[str, Any]) -> None:
    out.write(json.dumps(line) + "\n")
    out.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
