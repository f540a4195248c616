"""Search as npm asks it: words, and qualifiers such as `keywords:ui` or `scope:team`."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import catalog
from registry.catalog import Place
from registry.models import Package, Version
from service.kernel.site import Site

SIZE_MAX = 250
LOOKED_AT_MAX = 2000
_QUALIFIERS = ("keywords", "author", "maintainer", "scope", "is", "not", "boost-exact")


def search(site: Site, where: Place, text: str, size: int, start: int) -> dict[str, Any]:
    """The answer to npm: `size` hits from `start` on, and how many there are (of the first 2,000)."""
    words = [word for word in text.split() if word.partition(":")[0] not in _QUALIFIERS or ":" not in word]
    asked = [(key, value.lower()) for key, colon, value in (word.partition(":") for word in text.split()) if colon and key in _QUALIFIERS]
    with site.db.read() as session:
        ids = [p.id for p in catalog.search_path(session, where)]
        rows = catalog.search(session, ids, words=" ".join(words), format_name="npm", limit=LOOKED_AT_MAX)
        first = list({(row.namespace, row.name): row for row in reversed(rows) if row.latest}.values())[::-1]
        hits = [hit for row in first if _fits((hit := _hit(session, row)), asked)] if asked else first
        shown = hits[max(start, 0) : max(start, 0) + min(max(size, 0), SIZE_MAX)]
        found = [one if isinstance(one, dict) else _hit(session, one) for one in shown]
    detail = {"final": 1, "detail": {"quality": 1, "popularity": 1, "maintenance": 1}}
    objects = [{"package": one, "score": detail, "searchScore": 1, "flags": {"insecure": 0}} for one in found]
    moment = max((one["date"] for one in found), default="")
    return {"objects": objects, "total": len(hits), "time": moment}


def _hit(session: Session, row: Package) -> dict[str, Any]:
    version = session.scalar(select(Version).where(Version.package_id == row.id, Version.version == row.latest))
    manifest = version.details.get("manifest", {}) if version else {}
    author = manifest.get("author")
    keywords = manifest.get("keywords")
    publisher = {"username": version.published_by if version else "", "email": ""}
    links = {"homepage": manifest.get("homepage"), "repository": _url(manifest.get("repository")), "bugs": _url(manifest.get("bugs"))}
    return {
        "name": row.display_name, "scope": row.namespace.removeprefix("@") or "unscoped", "version": row.latest,
        "description": row.summary, "keywords": [str(k) for k in keywords] if isinstance(keywords, list) else [],
        "date": (version.published_at if version else row.updated_at).isoformat().replace("+00:00", "Z"),
        "links": {key: value for key, value in links.items() if isinstance(value, str)},
        "author": {"name": str(author.get("name", "")) if isinstance(author, dict) else str(author or "")},
        "publisher": publisher, "maintainers": [publisher], "license": str(manifest.get("license") or ""),
    }


def _fits(hit: dict[str, Any], asked: list[tuple[str, str]]) -> bool:
    have = {
        "keywords": {word.lower() for word in hit["keywords"]}, "author": {hit["author"]["name"].lower()}, "scope": {hit["scope"].lower()},
        "maintainer": {hit["publisher"]["username"].lower()},
    }
    return all(any(one in have[key] for one in value.removeprefix("@").split(",")) for key, value in asked if key in have)


def _url(value: Any) -> str | None:
    url = value.get("url") if isinstance(value, dict) else value
    return url.removeprefix("git+") if isinstance(url, str) else None
