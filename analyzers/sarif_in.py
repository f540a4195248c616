"""Findings of any tool out of its SARIF 2.1.0 log. What is missing there gets the specification's default.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html
"""

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from analyzers.finding import Confidence, Finding, Severity

LOG_BYTES_MAX = 16 * 1024 * 1024
RESULTS_MAX = 20_000
TEXT_CHARACTERS_MAX = 2000
_LEVELS: dict[str, Severity] = {"error": "high", "warning": "medium", "note": "low", "none": "info"}
_BANDS: tuple[tuple[float, Severity], ...] = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.1, "low"))
"""CVSS 3.1, section 5: how a score reads as a word."""
_CWE = re.compile(r"cwe[-_/ ]?0*(\d{1,5})\b", re.IGNORECASE)
_ABSOLUTE = re.compile(r"file:|[/\\]|[A-Za-z]:[/\\]")
_CONFIDENCE: dict[str, Confidence] = {"very-high": "high", "high": "high", "medium": "medium", "low": "low"}


class BrokenLog(Exception):
    """The text is no SARIF 2.1.0 log; the message says where and why."""


def read_log(content: bytes, names: Collection[str] = ()) -> list[Finding]:
    """The results of every run that stand: without those that are suppressed, passed or absent. Raises BrokenLog.

    `names` are the files of the commit: of a place on the machine where the tool ran, the longest end that is one of them counts.
    """
    if len(content) > LOG_BYTES_MAX:
        raise BrokenLog(f"larger than the limit of {LOG_BYTES_MAX:,} bytes")
    try:
        log = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise BrokenLog(f"not JSON: {str(error)[:200]}") from None
    if not isinstance(log, dict) or log.get("version") != "2.1.0" or not isinstance(log.get("runs"), list):
        raise BrokenLog("not SARIF 2.1.0: it needs `version` 2.1.0 and a list `runs`")
    found: list[Finding] = []
    for number, run in enumerate(log["runs"]):
        found += _of_run(run, f"runs[{number}]", names)
        if len(found) > RESULTS_MAX:
            raise BrokenLog(f"more than {RESULTS_MAX:,} results")
    return found


def _of_run(run: Any, where: str, names: Collection[str]) -> list[Finding]:
    driver = _mapping(_mapping(_mapping(run, where).get("tool"), f"{where}.tool").get("driver"), f"{where}.tool.driver")
    tool = str(driver.get("name") or "")[:100]
    if not re.fullmatch(r"[\w .()/+-]{1,100}", tool) or tool.lower() == "lockgate":
        raise BrokenLog(f"{where}.tool.driver.name: {tool!r} cannot name another tool")
    rules = [rule for rule in driver.get("rules") or [] if isinstance(rule, dict)]
    by_id = {str(rule.get("id")): rule for rule in rules}
    results = run.get("results") or []
    if not isinstance(results, list):
        raise BrokenLog(f"{where}.results: must be a list")
    seen: dict[str, int] = {}
    found = []
    for number, result in enumerate(results):
        place = f"{where}.results[{number}]"
        one = _mapping(result, place)
        if _stands(one):
            rule_id = str(one.get("ruleId") or _mapping(one.get("rule") or {}, place).get("id") or _by_number(one, rules) or "result")
            found.append(_finding(one, tool, rule_id[:200], by_id.get(rule_id, {}), place, seen, names))
    return found


def _stands(result: Mapping[str, Any]) -> bool:
    shown = result.get("kind", "fail") in ("fail", "review", "open")
    silenced = any(isinstance(one, dict) and one.get("status", "accepted") == "accepted" for one in result.get("suppressions") or [])
    return shown and not silenced and result.get("baselineState") != "absent"


def _by_number(result: Mapping[str, Any], rules: list[dict[str, Any]]) -> str:
    number = result.get("ruleIndex")
    return str(rules[number].get("id", "")) if isinstance(number, int) and 0 <= number < len(rules) else ""


def _finding(
    result: Mapping[str, Any], tool: str, rule_id: str, rule: Mapping[str, Any], where: str, seen: dict[str, int],
    names: Collection[str],
) -> Finding:  # fmt: skip
    path, line, column, end_line, end_column = _place(result, where, names)
    message = _text(result.get("message")) or _text(rule.get("shortDescription")) or rule_id
    parts = "\0".join((tool, rule_id, path, _print_of(result) or message))
    number = seen[parts] = seen.get(parts, -1) + 1
    properties = rule.get("properties") if isinstance(rule.get("properties"), dict) else {}
    assert isinstance(properties, dict)
    confidence: Confidence = _CONFIDENCE.get(str(properties.get("precision", "")).lower(), "medium")
    cwe = next(_cwes(properties, result), None)
    return Finding(
        rule_id, tool, message, _severity(result, rule, properties), confidence, cwe, path, line, column, end_line, end_column,
        hashlib.sha256(f"{parts}\0{number}".encode(errors="replace")).hexdigest(),
        _text(rule.get("fullDescription")), _text(rule.get("help")), 0.5,
    )  # fmt: skip


def _place(result: Mapping[str, Any], where: str, names: Collection[str]) -> tuple[str, int, int, int, int]:
    locations = result.get("locations") or [{}]
    physical = _mapping(_mapping(locations[0], where).get("physicalLocation") or {}, where)
    uri = str(_mapping(physical.get("artifactLocation") or {}, where).get("uri") or "")
    region = _mapping(physical.get("region") or {}, where)
    line = _number(region.get("startLine"), 1)
    column = _number(region.get("startColumn"), 1)
    end_line = max(line, _number(region.get("endLine"), line))
    end_column = _number(region.get("endColumn"), column)
    return _path(uri, where, names), line, column, end_line, max(end_column, column) if end_line == line else end_column


def _path(uri: str, where: str, names: Collection[str]) -> str:
    """A path in the repository; what points out of it is refused, for pages make links of it."""
    path = unquote(urlsplit(uri).path) if "://" in uri else unquote(uri)
    whole = PurePosixPath(path.replace("\\", "/").lstrip("/"))
    if ".." in whole.parts or "\0" in path:
        raise BrokenLog(f"{where}: the location {uri[:100]!r} points out of the repository")
    if _ABSOLUTE.match(uri) and str(whole) not in names:
        ends = ("/".join(whole.parts[at:]) for at in range(1, len(whole.parts)))
        whole = PurePosixPath(next((end for end in ends if end in names), whole))
    return "" if str(whole) == "." else str(whole)[:1000]


def _print_of(result: Mapping[str, Any]) -> str:
    prints = result.get("partialFingerprints") or result.get("fingerprints") or {}
    return json.dumps(prints, sort_keys=True)[:2000] if isinstance(prints, dict) and prints else ""


def _severity(result: Mapping[str, Any], rule: Mapping[str, Any], properties: Mapping[str, Any]) -> Severity:
    try:
        score = float(properties["security-severity"])
    except (KeyError, TypeError, ValueError):
        usual = rule.get("defaultConfiguration")
        level = result.get("level") or (usual.get("level") if isinstance(usual, dict) else None) or "warning"
        return _LEVELS.get(str(level), "medium")
    return next((word for least, word in _BANDS if score >= least), "info")


def _cwes(properties: Mapping[str, Any], result: Mapping[str, Any]) -> Iterator[int]:
    tags = [*_listed(properties.get("tags")), *_listed(properties.get("cwe"))]
    tags += [_mapping(one, "taxa").get("id") for one in _listed(result.get("taxa")) if isinstance(one, dict)]
    for tag in tags:
        if match := _CWE.search(str(tag)):
            yield int(match[1])


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if isinstance(value, str) else []


def _text(message: Any) -> str:
    text = message.get("text") or message.get("markdown") if isinstance(message, dict) else ""
    return " ".join(str(text or "").split())[:TEXT_CHARACTERS_MAX]


def _number(value: Any, other: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 10_000_000 else other


def _mapping(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BrokenLog(f"{where}: must be an object")
    return value
