"""The older JSON API of the public index, `/pypi/<project>/json`, which pip-audit, IDEs and bots read."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson

from registry.formats.pypi.simple import ProjectFile, file_url
from registry.versions import pypi_order

_TEXTS = (
    "author", "author_email", "description", "description_content_type", "download_url", "home_page", "keywords", "license",
    "maintainer", "maintainer_email", "platform", "requires_python", "summary",
)
_NULLS = ("license_expression", "license_files", "project_urls", "provides_extra", "requires_dist", "dynamic")


def newest(files: Iterable[ProjectFile]) -> str | None:
    """The version an installer takes by default: the highest one that is not yanked, finals first."""
    listed = list(files)
    standing = [f.version for f in listed if f.yanked is False] or [f.version for f in listed]
    return max(standing, key=pypi_order, default=None)


def project_json(
    name: str, version: str, details: dict[str, Any], files: list[ProjectFile], base: str, vulnerabilities: list[dict[str, Any]] | None, *,
    releases: bool, serial: int,
) -> bytes:
    """The document of a project at one version; `base` is the repository's URL with a slash at the end.

    `releases` adds every version's files, as the address without a version has them. `vulnerabilities` None: no advisories
    were imported, and the document has no such key, since an empty list would say that there are none.
    """
    by_version: dict[str, list[dict[str, Any]]] = {}
    for one in files:
        by_version.setdefault(one.version, []).append(_file(name, one, base))
    yanked = [f.yanked for f in files if f.version == version]
    page = f"{base}simple/{name}/"
    document = {
        "info": {
            "name": details.get("name", name), "version": version, **{key: _text(details.get(key)) for key in _TEXTS},
            **{key: details.get(key) or None for key in _NULLS}, "classifiers": details.get("classifiers", []), "bugtrack_url": None,
            "docs_url": None, "downloads": {"last_day": -1, "last_month": -1, "last_week": -1}, "package_url": page, "project_url": page,
            "release_url": page, "yanked": bool(yanked) and all(y is not False for y in yanked),
            "yanked_reason": next((y for y in yanked if isinstance(y, str)), None),
        },
        "last_serial": serial, "urls": by_version.get(version, []),
    }
    if vulnerabilities is not None:
        document["vulnerabilities"] = vulnerabilities
    if releases:
        document["releases"] = {number: by_version[number] for number in sorted(by_version, key=pypi_order)}
    return orjson.dumps(document)


def _file(name: str, one: ProjectFile, base: str) -> dict[str, Any]:
    hashes = one.all_hashes or one.hashes
    return {
        "comment_text": "", "digests": {key: hashes[key] for key in ("blake2b_256", "md5", "sha256") if key in hashes}, "downloads": -1,
        "filename": one.filename, "has_sig": False, "md5_digest": hashes.get("md5"),
        "packagetype": one.details.get("filetype") or ("bdist_wheel" if one.filename.endswith(".whl") else "sdist"),
        "python_version": one.details.get("python") or (one.filename.split("-")[-3] if one.filename.endswith(".whl") else "source"),
        "requires_python": one.requires_python or None, "size": one.size, "upload_time": _seconds(one.uploaded_at),
        "upload_time_iso_8601": one.uploaded_at or None, "url": file_url(name, one, base), "yanked": one.yanked is not False,
        "yanked_reason": one.yanked if isinstance(one.yanked, str) else None,
    }


def _seconds(moment: str) -> str | None:
    try:
        return datetime.fromisoformat(moment).strftime("%Y-%m-%dT%H:%M:%S")
    except ValueError:
        return None


def _text(value: Any) -> str | None:
    return ",".join(map(str, value)) if isinstance(value, list) else value
