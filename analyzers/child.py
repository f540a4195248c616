"""The child of `isolated.Reviewer`: reads a file to review from each line of standard input, answers with a line."""

import argparse
import base64
import json
import os
import resource
import sys
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import IO, Any

from analyzers.brought import Brought
from analyzers.finding import SourceFile
from analyzers.options import ReviewOptions
from analyzers.review import review_file
from analyzers.rule import Rule, all_rules, name_of
from analyzers.rule_folder import Loaded, load
from analyzers.visitors import take_spent

RECURSION_MAX = 50_000
STACK_BYTES = 256 * 1024 * 1024
"""What the parser needs for code nested some ten thousand deep; only what is used becomes real memory."""
_RECYCLE_SHARE = 0.5
_KIBIBYTE = 1024
_SAMPLE = b"import os\n\n\ndef warm(name: str) -> None:\n    os.system(name)\n    password = ''\n"


def main() -> None:
    """Serves until standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--memory", type=int, required=True)
    parser.add_argument("--rules", type=Path)
    arguments = parser.parse_args()
    answers = _only_answers_on_standard_output()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Address space, not resident memory, is what the kernel can limit; the stack and shared libraries come on top.
    limit = arguments.memory + STACK_BYTES + 512 * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    sys.setrecursionlimit(RECURSION_MAX)
    threading.stack_size(STACK_BYTES)
    own = load(arguments.rules) if arguments.rules else Loaded(())
    failed: list[BaseException] = []

    def run() -> None:
        try:
            _serve(sys.stdin.buffer, answers, own, arguments.memory)
        except BaseException as error:  # noqa: BLE001  handed to the main thread, which ends the process with it
            failed.append(error)

    worker = threading.Thread(target=run)
    worker.start()
    worker.join()
    if failed:
        raise failed[0]


def _serve(requests: IO[bytes], answers: IO[bytes], own: Loaded, memory: int) -> None:
    rules: Sequence[type[Rule]] = (*all_rules(), *own.rules)
    review_file(SourceFile("warm.py", _SAMPLE), ReviewOptions(), rules)
    _say(answers, {"ready": True, "told": [one.to_dict() for one in own.told]})
    _silence()
    for line in iter(requests.readline, b""):
        request = json.loads(line)
        file = SourceFile(request["path"], base64.b64decode(request["content"]))
        read = partial(_read, requests, answers) if request.get("tree") else None
        brought = Brought.from_dict(request["brought"]) if request.get("brought") else None
        report = review_file(file, ReviewOptions.model_validate(request["options"]), rules, read, brought)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIBIBYTE
        costs = {name_of(rule): seconds for rule, seconds in take_spent().items()}
        _say(answers, {"report": report.to_dict(), "recycle": peak > memory * _RECYCLE_SHARE, "costs": costs})


def _read(requests: IO[bytes], answers: IO[bytes], paths: Sequence[str]) -> SourceFile | None:
    """Asks for the first of these files that the tree has."""
    _say(answers, {"need": list(paths)})
    given = json.loads(requests.readline())
    return SourceFile(given["path"], base64.b64decode(given["content"])) if given else None


def _silence() -> None:
    """From here on nobody reads what libraries print, and a write to a closed pipe would end the review."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2):
        os.dup2(nowhere, number)
    os.close(nowhere)


def _say(answers: IO[bytes], message: dict[str, Any]) -> None:
    answers.write(json.dumps(message).encode() + b"\n")
    answers.flush()


def _only_answers_on_standard_output() -> IO[bytes]:
    """Keeps the pipe for answers, and sends what any library prints to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


if __name__ == "__main__":
    main()
