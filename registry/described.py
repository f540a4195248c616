"""Packages, versions and assets as the JSON API describes them; the facts are CodeArtifact's, the spelling is ours.

https://docs.aws.amazon.com/codeartifact/latest/ug/describe-package-version.html
"""

import re
from datetime import datetime
from typing import Any

from registry import catalog
from registry.changes import revision_of
from registry.formats import format_named
from registry.models import AUTHORITY, ENTERED, Asset, Package, Version, VersionEvent

_REQUIREMENT = re.compile(r"(?P<namespace>@[^/\s]+/)?(?P<package>[^\s\[;(<>=!~]+)(?:\s*\[[^\]]*\])?\s*(?P<version>[^;]*)")
_KINDS = {"": "regular", "development": "dev"}
LICENCE_CHARACTERS_MAX = 200


def package(row: Package) -> dict[str, Any]:
    """A package."""
    return {
        "format": row.format, "namespace": _namespace(row), "name": row.display_name, "latest": row.latest, "summary": row.summary,
        "origins": {"publish": row.publish, "upstream": row.upstream}, "updated_at": moment(row.updated_at),
    }


def version(row: Version) -> dict[str, Any]:
    """A version, in a list."""
    return {
        "version": row.version, "status": row.status, "origin": row.origin, "revision": revision_of(row),
        "yanked": row.yanked_reason is not None, "yanked_reason": row.yanked_reason or "", "published_by": row.published_by,
        "published_at": moment(row.published_at),
    }


def whole_version(owner: Package, row: Version, assets: list[Asset], repository: str) -> dict[str, Any]:
    """A version with what its metadata tells, its assets, and where it came into the domain; `repository` is where it was asked for."""
    told = {**row.details.get("manifest", {}), **row.details}
    urls = told.get("project_urls")
    labelled = {str(label).lower(): url for label, url in urls.items()} if isinstance(urls, dict) else {}
    source = told.get("repository")
    source = source.get("url") if isinstance(source, dict) else source
    return {
        **version(row), "format": owner.format, "namespace": _namespace(owner), "package": owner.name, "display_name": owner.display_name,
        "summary": line(row), "home_page": _text(told.get("homepage") or told.get("home_page") or labelled.get("homepage")),
        "source_repository": _text(source or labelled.get("source") or labelled.get("repository")).removeprefix("git+"),
        "licences": _licences(told), "entry_point": entry_point(assets, repository),
        "details": row.details, "assets": [asset(one) for one in assets],
    }


def entry_point(assets: list[Asset], repository: str) -> dict[str, str | None]:
    """Where a version came into the domain: the package repository, and the external connection's address if there was one."""
    entered = next((one.details[ENTERED] for one in assets if ENTERED in one.details), {"repository": repository})
    return {"repository": entered["repository"], "connection": entered.get("connection")}


def asset(row: Asset) -> dict[str, Any]:
    """An asset."""
    return {
        "name": row.name, "size": row.size, "hashes": row.hashes, "uploaded_at": moment(row.uploaded_at),
        "attestation": catalog.attestation(row), "authority": row.details.get(AUTHORITY) or None,
    }


def dependencies(kind: str, row: Version) -> list[dict[str, Any]]:
    """What a version says it needs: each requirement as written, and taken apart."""
    items = []
    for text, how in format_named(kind).dependencies(row.details):
        parts = _REQUIREMENT.match(text)
        found = parts.groupdict(default="") if parts else {"namespace": "", "package": text, "version": ""}
        items.append({
            "requirement": text, "kind": _KINDS.get(how, how), "namespace": found["namespace"].strip("@/") or None,
            "package": found["package"], "version_requirement": found["version"].strip(" ()"),
        })
    return items


def event(domain: str, repository: str, row: VersionEvent) -> dict[str, Any]:
    """A change of a version."""
    scope = row.package.partition("/")[0] if row.package.startswith("@") else ""
    return {
        "domain": domain, "repository": repository, "sequence": row.sequence, "operation": row.operation, "format": row.format,
        "namespace": scope.removeprefix("@") or None, "package": row.package, "version": row.version, "status": row.status,
        "revision": row.revision, "changes": row.changes, "actor": row.actor, "happened_at": moment(row.happened_at),
        "deduplication_id": f"{row.repository_id}-{row.sequence}",
    }


def line(row: Version) -> str:
    """What it is, in one line."""
    # "description" is one line in npm's metadata and the whole README in Python's.
    return str(row.details.get("summary") or (row.details.get("description", "") if "manifest" in row.details else ""))


def moment(when: datetime) -> str:
    """A moment as the API tells it."""
    return when.isoformat().replace("+00:00", "Z")


def _namespace(row: Package) -> str | None:
    return row.namespace.removeprefix("@") or None


def _licences(told: dict[str, Any]) -> list[str]:
    found = told.get("license_expression") or told.get("license") or told.get("licenses") or []
    several = found if isinstance(found, list) else [found]
    names = [one.get("type") or one.get("name") if isinstance(one, dict) else one for one in several]
    # Old Python packages put the whole text there; its first line names the licence.
    return [name.strip().splitlines()[0][:LICENCE_CHARACTERS_MAX] for name in names if isinstance(name, str) and name.strip()]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
