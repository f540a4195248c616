"""Advisories in the forms that clients' audits read: npm's bulk answer, its two older audits, and the Python index's JSON."""

import hashlib
from collections.abc import Callable, Iterable
from typing import Any

from registry.advisories import osv
from registry.advisories.store import Known
from registry.versions import npm_order

DEPTH_MAX = 200
PATHS_MAX = 100_000


def pypi(one: Known) -> dict[str, Any]:
    """An entry of `vulnerabilities` in the Python index's JSON."""
    fixed = [text for events in one.body["ranges"] for kind, text in events if kind == "fixed"]
    return {
        "id": one.osv_id, "aliases": one.body["aliases"], "summary": one.body["summary"], "details": one.body["details"],
        "fixed_in": fixed, "link": one.body["url"], "source": "osv", "withdrawn": None,
    }


def bulk(asked: dict[str, list[str]], known: dict[str, list[Known]], order: Callable[[str], Any]) -> dict[str, list[dict[str, Any]]]:
    """The answer to npm's bulk audit: of each package the advisories that affect one of the versions asked for."""
    found = {}
    for name, versions in asked.items():
        hits = [_advisory(one) for one in known.get(name, []) if any(osv.matches(one.body, v, order) for v in versions)]
        if hits:
            found[name] = hits
    return found


def installed(tree: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Of the tree in an older audit's question: name, version and path (`a>b`) of each package. Raises ValueError."""
    found: list[tuple[str, str, str]] = []

    def walk(dependencies: Any, path: str, depth: int) -> None:
        if not isinstance(dependencies, dict) or depth > DEPTH_MAX or len(found) > PATHS_MAX:
            raise ValueError("dependencies")
        for name, one in dependencies.items():
            if not isinstance(one, dict):
                raise ValueError("dependencies")
            here = f"{path}>{name}" if path else name
            found.append((name, str(one.get("version", "")), here))
            walk(one.get("dependencies") or {}, here, depth + 1)

    walk(tree.get("dependencies") or {}, "", 0)
    return found


def audit(rows: list[tuple[str, str, str]], known: dict[str, list[Known]], order: Callable[[str], Any]) -> dict[str, Any]:
    """The answer to the older audits: every advisory with where in the tree it strikes."""
    advisories: dict[str, dict[str, Any]] = {}
    actions: dict[str, dict[str, Any]] = {}
    counts = dict.fromkeys(("info", *osv.SEVERITIES), 0)
    for name, version, path in rows:
        for one in known.get(name, []):
            if not osv.matches(one.body, version, order):
                continue
            number = str(_number(one))
            entry = advisories.setdefault(number, _older(one))
            finding = next((f for f in entry["findings"] if f["version"] == version), None)
            if finding is None:
                finding = {"version": version, "paths": []}
                entry["findings"].append(finding)
            finding["paths"].append(path)
            action = actions.setdefault(name, {"action": "review", "module": name, "resolves": []})
            action["resolves"].append({"id": int(number), "path": path, "dev": False, "optional": False, "bundled": False})
            counts[one.body["severity"]] += 1
    size = {"dependencies": len(rows), "devDependencies": 0, "optionalDependencies": 0, "totalDependencies": len(rows)}
    return {"actions": list(actions.values()), "advisories": advisories, "muted": [], "metadata": {"vulnerabilities": counts, **size}}


def npm_range(body: dict[str, Any]) -> str:
    """The affected versions as an npm range: `>=1.0.0 <1.2.3 || 2.0.0`."""
    parts: list[str] = []
    for events in body["ranges"]:
        start: str | None = None
        for kind, text in osv.in_order(events, npm_order):
            if kind == "introduced":
                if start is not None:
                    parts.append(_interval(start, ""))
                start = text
            elif start is not None:
                parts.append(_interval(start, f"<{text}" if kind == "fixed" else f"<={text}"))
                start = None
        if start is not None:
            parts.append(_interval(start, ""))
    parts += [] if parts else body["versions"]
    return " || ".join(dict.fromkeys(parts)) or "<0.0.0-0"


def _interval(start: str, end: str) -> str:
    return " ".join(filter(None, ("" if start == "0" else f">={start}", end))) or "*"


def _number(one: Known) -> int:
    # Clients want a number that stays the same: it names the advisory in their lists of accepted ones.
    return int(hashlib.sha256(one.osv_id.encode()).hexdigest()[:8], 16) >> 1


def _title(one: Known) -> str:
    return one.body["summary"] or f"{one.osv_id} in {one.package}"


def _advisory(one: Known) -> dict[str, Any]:
    return {
        "id": _number(one), "url": one.body["url"], "title": _title(one), "severity": one.body["severity"],
        "vulnerable_versions": npm_range(one.body), "cwe": one.body["cwe"],
        "cvss": {"score": one.body["score"], "vectorString": one.body["vector"] or None},
    }


def _older(one: Known) -> dict[str, Any]:
    fixed = _fixed(one.body["ranges"])
    return {
        "findings": [], **_advisory(one), "module_name": one.package, "created": one.body["published"], "updated": one.body["modified"],
        "cves": [a for a in (one.osv_id, *one.body["aliases"]) if a.startswith("CVE-")], "access": "public", "deleted": None,
        "github_advisory_id": next((a for a in (one.osv_id, *one.body["aliases"]) if a.startswith("GHSA-")), ""),
        "patched_versions": " || ".join(f">={text}" for text in fixed) or "<0.0.0", "overview": one.body["details"],
        "recommendation": f"Upgrade to version {' or '.join(fixed)} or later" if fixed else "No fixed version is known",
        "references": one.body["url"], "found_by": None, "reported_by": None, "metadata": None, "npm_advisory_id": None,
    }


def _fixed(ranges: Iterable[list[list[str]]]) -> list[str]:
    return list(dict.fromkeys(text for events in ranges for kind, text in events if kind == "fixed"))
