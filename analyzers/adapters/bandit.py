"""Bandit as a second opinion, one file at a time, without its command line, files or output."""

import ast
import io
import logging
import re
import warnings
from functools import cache
from typing import Any

from analyzers.context import Draft
from analyzers.credential import is_filler, is_mixed, is_plausible
from analyzers.finding import Confidence, Severity
from analyzers.lines import Lines

with warnings.catch_warnings():
    # Bandit calls its plug-in loader with an argument that the loader has deprecated: nobody here can change that.
    warnings.simplefilter("ignore", DeprecationWarning)
    from bandit.core.config import BanditConfig
    from bandit.core.meta_ast import BanditMetaAst
    from bandit.core.metrics import Metrics
    from bandit.core.node_visitor import BanditNodeVisitor
    from bandit.core.test_set import BanditTestSet

TOOL = "bandit"
LEFT_OUT = frozenset(
    {"B101",  # assert is how tests and type checkers are told facts
     "B401", "B402", "B403", "B404", "B405", "B406", "B407", "B408", "B409", "B411", "B412", "B413", "B415",
     # an import is no sin, and the use is found
     "B603", "B606", "B607"}  # starting a program from a list is what shell-injection advises
)  # fmt: skip
OWN_RULES = {
    "B102": "dynamic-code", "B307": "dynamic-code", "B104": "bind-all-interfaces", "B105": "hardcoded-credential",
    "B106": "hardcoded-credential", "B107": "hardcoded-credential", "B110": "swallowed-exception",
    "B112": "swallowed-exception", "B113": "missing-timeout", "B201": "debug-server", "B301": "unsafe-deserialization",
    "B302": "unsafe-deserialization", "B506": "unsafe-deserialization", "B306": "insecure-temp-file",
    "B311": "insecure-random", "B324": "weak-hash", "B501": "unverified-tls", "B323": "unverified-tls",
    "B602": "shell-injection", "B604": "shell-injection", "B605": "shell-injection", "B608": "sql-injection",
    "B101": "assert-for-access", "B103": "loose-file-permissions", "B108": "hardcoded-temp-path", "B202": "archive-extraction",
    "B303": "weak-hash", "B304": "weak-cipher", "B305": "ecb-mode", "B308": "unescaped-markup", "B310": "open-url-scheme",
    "B312": "plain-protocol", "B313": "stdlib-xml", "B314": "stdlib-xml", "B315": "unsafe-xml-parser", "B316": "stdlib-xml",
    "B317": "stdlib-xml", "B318": "stdlib-xml", "B319": "stdlib-xml", "B321": "plain-protocol", "B401": "plain-protocol",
    "B402": "plain-protocol", "B403": "unsafe-deserialization", "B404": "shell-injection", "B405": "stdlib-xml", "B406": "stdlib-xml",
    "B407": "stdlib-xml", "B408": "stdlib-xml", "B409": "stdlib-xml", "B411": "xml-rpc-server", "B412": "cgi-proxy-header",
    "B413": "weak-cipher", "B415": "plain-protocol", "B502": "tls-version", "B503": "tls-version", "B504": "bare-tls-wrap",
    "B505": "weak-key-size", "B507": "ssh-host-key", "B508": "snmp-version", "B509": "snmp-weak-crypto", "B601": "shell-injection",
    "B603": "untrusted-program", "B606": "untrusted-program", "B607": "untrusted-program", "B609": "wildcard-injection",
    "B610": "django-raw-sql", "B611": "django-raw-sql", "B612": "logging-config-listen", "B613": "trojan-source",
    "B614": "unsafe-model-load", "B615": "unpinned-model", "B701": "autoescape-off", "B702": "mako-template",
    "B703": "unescaped-markup", "B704": "unescaped-markup",
}  # fmt: skip
"""The rule of ours that looks closer, for every test of Bandit: an import is judged by what is done with it.

Where ours finds nothing, Bandit's word stays, as a low one."""

_SEVERITY: dict[str, Severity] = {"HIGH": "high", "MEDIUM": "medium", "LOW": "low"}
_CONFIDENCE: dict[str, Confidence] = {"HIGH": "high", "MEDIUM": "medium", "LOW": "low"}
_PRIOR = {"HIGH": 0.6, "MEDIUM": 0.4, "LOW": 0.2}
_NOSEC = re.compile(r"#\s*nosec\b")
_NAME = "./module.py"
"""Bandit looks for packages beside the file it is told of; this name has none."""


class _Visitor(BanditNodeVisitor):  # type: ignore[misc]  # Bandit has no types
    """Bandit's own, which prepares every node for tests; here only those of kinds that a test looks at. Its word is the same."""

    def generic_visit(self, node: ast.AST) -> None:
        """Everything below a node, each with its parent and the one after it, as Bandit's tests expect."""
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, list):
                for item, after in zip(value, (*value[1:], None), strict=False):  # an empty list has no last
                    if isinstance(item, ast.AST):
                        self._below(item, node, after)
            elif isinstance(value, ast.AST):
                self._below(value, node, None)

    def _below(self, node: Any, parent: ast.AST, sibling: Any) -> None:
        node._bandit_parent, node._bandit_sibling = parent, sibling
        asked = _is_asked(node.__class__.__name__)
        if asked:
            self.pre_visit(node)
            self.visit(node)
        if node._fields:
            self.generic_visit(node)
        if asked:
            self.post_visit(node)


@cache
def _is_asked(kind: str) -> bool:
    """Whether a test looks at nodes of this class, or Bandit itself notes something of them, such as the names in force."""
    return hasattr(BanditNodeVisitor, f"visit_{kind}") or bool(_tests().get_tests(kind))


class CannotRead(Exception):
    """Bandit cannot parse the file; the message says why and on which line."""

    def __init__(self, told: str, line: int) -> None:
        self.line = line
        super().__init__(told)


def find(content: bytes, lines: Lines) -> list[Draft]:
    """Bandit's issues in a Python file. Raises CannotRead."""
    logging.getLogger("bandit").setLevel(logging.CRITICAL)
    metrics = Metrics()
    metrics.begin(_NAME)
    visitor = _Visitor(_NAME, io.BytesIO(content), BanditMetaAst(), _tests(), False, {}, metrics)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            visitor.process(content)
    except SyntaxError as error:
        raise CannotRead(error.msg, error.lineno or 0) from None
    except (ValueError, RecursionError) as error:
        raise CannotRead(str(error).split("\n", 1)[0], 0) from None
    return [_draft(issue, lines) for issue in visitor.tester.results if _is_meant(issue)]


def _is_meant(issue: Any) -> bool:
    """Whether it is no guess. B105 to B107 go by names alone and take every label and default for a password."""
    if issue.test_id not in _PASSWORDS:
        return True
    value = issue.text.partition(": ")[2].strip("'\"")
    return len(value) >= _PASSWORD_LENGTH_MIN and is_mixed(value) and is_plausible(value) and not is_filler(value)


_PASSWORDS = frozenset({"B105", "B106", "B107"})
_PASSWORD_LENGTH_MIN = 6


@cache
def _tests() -> Any:
    return BanditTestSet(BanditConfig(), {"exclude": LEFT_OUT})


def _draft(issue: Any, lines: Lines) -> Draft:
    covered = issue.test_id in OWN_RULES
    area = issue.linerange or [issue.lineno]
    line = max(issue.lineno, 1)
    end = max(line, *area)
    column = _characters(lines[line], issue.col_offset)
    one_line = end == line and issue.end_col_offset > issue.col_offset
    end_column = _characters(lines[line], issue.end_col_offset) if one_line else len(lines[end]) + 1
    commented = any(_NOSEC.search(lines[number]) for number in range(line, end + 1))
    return Draft(
        issue.test_id, TOOL, _sentence(issue.text),
        "low" if covered else _SEVERITY.get(issue.severity, "low"),
        "low" if covered else _CONFIDENCE.get(issue.confidence, "low"),
        issue.cwe.id or None, line, column, end, max(end_column, column),
        f"Bandit's test {issue.test_id} ({issue.test.replace('_', ' ')}) says so.",
        f"Bandit's documentation of {issue.test_id} shows what to write instead.",
        _PRIOR.get(issue.severity, 0.2), frozenset(area), silenced="a nosec comment" if commented else "",
    )  # fmt: skip


def _sentence(text: str) -> str:
    """Bandit quotes the password it found in B105 to B107: that is not for showing."""
    return re.sub(r"(hardcoded password): .*", r"\1", " ".join(text.split()), flags=re.IGNORECASE)


def _characters(line: str, offset: int) -> int:
    """The column, from 1, of a byte offset: ast counts bytes of UTF-8."""
    return len(line.encode()[: max(offset, 0)].decode(errors="ignore")) + 1
