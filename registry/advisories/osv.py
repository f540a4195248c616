"""OSV records (https://ossf.github.io/osv-schema/): read from files, and matched against versions by the schema's own algorithm."""

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson

from registry.advisories import cvss
from registry.names import npm_name, pypi_name
from service.kernel.errors import Malformed, Problem

RECORD_BYTES_MAX = 8 * 1024 * 1024
RECORDS_MAX = 2_000_000
TEXT_CHARACTERS_MAX = 20_000
ECOSYSTEMS = {"npm": "npm", "PyPI": "pypi"}
SEVERITIES = ("low", "moderate", "high", "critical")
_NAMES = {"npm": npm_name, "pypi": pypi_name}


@dataclass(frozen=True)
class Affected:
    """What a record says about one package of a format we serve."""

    format: str
    package: str
    body: dict[str, Any]


@dataclass(frozen=True)
class Record:
    """One OSV record; a withdrawn one affects nothing."""

    osv_id: str
    affected: tuple[Affected, ...]


def read(path: Path) -> Iterator[Record]:
    """Every record of a JSON file, a folder of them (searched deep), or a zip archive as OSV exports it. Raises Malformed."""
    if path.is_dir():
        for count, one in enumerate(sorted(path.rglob("*.json"))):
            _check_count(count, path)
            with one.open("rb") as file:
                yield from _parse(file, str(one))
    elif path.suffix == ".zip":
        yield from _read_zip(path)
    else:
        try:
            with path.open("rb") as file:
                yield from _parse(file, str(path))
        except OSError as error:
            raise Malformed(where=str(path), why=f"cannot be read ({error.strerror})") from None


def matches(body: dict[str, Any], version: str, order: Callable[[str], Any]) -> bool:
    """Whether a version is affected; `order` is the format's sort key, whose first part is 0 for what is no version."""
    if version in body["versions"]:
        return True
    if order(version)[0] == 0:
        return False
    return any(_in_range(events, version, order) for events in body["ranges"])


def in_order(events: list[list[str]], order: Callable[[str], Any]) -> list[list[str]]:
    """The events from the lowest version up, whatever order the record has them in; "0" is below every version."""
    return sorted(events, key=lambda event: _place(event[1], order))


def _place(text: str, order: Callable[[str], Any]) -> tuple[int, Any]:
    """By number alone, "0" first, and what is no version last: nothing is known to come after it."""
    preferred, number = order(text)
    return (0, ()) if text == "0" else (1, number) if preferred else (2, text)


def _in_range(events: list[list[str]], version: str, order: Callable[[str], Any]) -> bool:
    is_in, here = False, _place(version, order)
    for kind, text in in_order(events, order):
        there = _place(text, order)
        if kind == "introduced" and here >= there:
            is_in = True
        elif (kind == "fixed" and here >= there) or (kind == "last_affected" and here > there):
            is_in = False
    return is_in


def _read_zip(path: Path) -> Iterator[Record]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if m.filename.endswith(".json")]
            _check_count(len(members), path)
            for member in members:
                with archive.open(member) as file:
                    yield from _parse(file, f"{path}, {member.filename}")
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError) as error:
        raise Malformed(where=str(path), why=f"is no readable zip archive ({error})") from None


def _check_count(count: int, path: Path) -> None:
    if count > RECORDS_MAX:
        raise Malformed(where=str(path), why=f"holds more than {RECORDS_MAX} records")


def _parse(file: IO[bytes], where: str) -> Iterator[Record]:
    raw = file.read(RECORD_BYTES_MAX + 1)
    if len(raw) > RECORD_BYTES_MAX:
        raise Malformed(where=where, why=f"is larger than {RECORD_BYTES_MAX} bytes")
    try:
        told = orjson.loads(raw)
        for one in told if isinstance(told, list) else [told]:
            yield _record(one)
    except orjson.JSONDecodeError as error:
        raise Malformed(where=where, why=f"is no JSON ({error})") from None
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise Malformed(where=where, why=f"is no OSV record ({type(error).__name__}: {error})") from None


def _record(told: dict[str, Any]) -> Record:
    osv_id, modified = told["id"], told["modified"]
    if not isinstance(osv_id, str) or not osv_id or not isinstance(modified, str):
        raise ValueError("id and modified are texts")
    if told.get("withdrawn"):
        return Record(osv_id, ())
    merged: dict[tuple[str, str], dict[str, Any]] = {}
    for one in told.get("affected", []):
        package = one.get("package") or {}
        known = ECOSYSTEMS.get(str(package.get("ecosystem", "")))
        if known is None:
            continue
        try:
            name = _NAMES[known](package["name"]).full
        except Problem as problem:
            raise ValueError(problem.detail) from None
        body = merged.setdefault((known, name), {**_common(told, one), "versions": [], "ranges": []})
        body["versions"] += [str(v) for v in one.get("versions") or []]
        body["ranges"] += [events for r in one.get("ranges") or [] if r.get("type") != "GIT" and (events := _events(r))]
    return Record(osv_id, tuple(Affected(known, name, body) for (known, name), body in merged.items()))


def _events(told: dict[str, Any]) -> list[list[str]]:
    return [[kind, str(event[kind])] for event in told["events"] for kind in ("introduced", "fixed", "last_affected") if kind in event]


def _common(told: dict[str, Any], affected: dict[str, Any]) -> dict[str, Any]:
    specific = {**(told.get("database_specific") or {}), **(affected.get("database_specific") or {})}
    vectors = {str(s.get("type")): str(s.get("score")) for s in [*(told.get("severity") or []), *(affected.get("severity") or [])]}
    vector = vectors.get("CVSS_V3", "")
    score = cvss.base_score(vector)
    stated = str(specific.get("severity", "")).lower().replace("medium", "moderate")
    references = [str(r.get("url", "")) for r in told.get("references") or []]
    return {
        "aliases": [str(a) for a in told.get("aliases") or []], "summary": str(told.get("summary") or "")[:500],
        "details": str(told.get("details") or "")[:TEXT_CHARACTERS_MAX], "modified": told["modified"],
        "published": str(told.get("published") or told["modified"]),
        # An advisory without any rating is no small matter until somebody says so: malicious packages come without one.
        "severity": stated if stated in SEVERITIES else cvss.severity(score) if score else "high",
        "score": score, "vector": vector if score else "", "cwe": [str(c) for c in specific.get("cwe_ids") or []],
        "url": next((u for u in references if u.startswith("https://")), f"https://osv.dev/vulnerability/{told['id']}"),
    }
