"""Publishing through the legacy upload form: checked against name, digests and contents."""

import base64
import binascii
import io
from typing import Any
from wsgiref.types import WSGIEnvironment

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from registry import intake, store
from registry.catalog import Place
from registry.formats.pypi import archive, metadata, rules
from registry.formats.pypi.form import Form, read_form
from registry.models import AUTHORITY
from registry.names import PackageName, pypi_name
from registry.versions import pypi_version
from service.kernel.blobs import DigestMismatch
from service.kernel.errors import Malformed
from service.kernel.site import Site

UPLOAD_BYTES_MAX = 4 * 1024**3
_SINGLE = (
    "metadata_version", "name", "version", "summary", "description", "description_content_type", "home_page", "download_url",
    "author", "author_email", "maintainer", "maintainer_email", "license", "license_expression", "requires_python",
)
_LISTS = {
    # The form's names by packaging's: clients differ in which of the first four they send in the plural.
    "platforms": ("platform", "platforms"), "supported_platforms": ("supported_platform", "supported_platforms"),
    "license_files": ("license_file", "license_files"), "provides_extra": ("provides_extra", "provides_extras"),
    "classifiers": ("classifiers",), "requires_dist": ("requires_dist",), "provides_dist": ("provides_dist",),
    "obsoletes_dist": ("obsoletes_dist",), "requires_external": ("requires_external",), "dynamic": ("dynamic",),
    "requires": ("requires",), "provides": ("provides",), "obsoletes": ("obsoletes",),
    "import_names": ("import_names", "import_name"), "import_namespaces": ("import_namespaces", "import_namespace"),
}


def receive(site: Site, where: Place, environ: WSGIEnvironment, actor: str) -> bool:
    """Takes a request's upload; answers whether it was new.

    Raises Malformed and its kin, FileExists, PublishBlocked; a refused upload leaves no row.
    """
    form = read_form(environ, intake.body_of(environ, UPLOAD_BYTES_MAX), site.blobs)
    _check_protocol(form)
    filename = archive.parse_file_name(form.filename)
    name, version = _identity(form, filename)
    _check_digests(form)
    assert form.blob is not None
    digest = form.blob.digest
    with io.BytesIO(form.data) if form.data else site.blobs.open(digest) as file:
        inside = archive.read_metadata(file, filename)
    details = _details(form, inside.metadata, filename, name, version)
    facts: dict[str, Any] = {"filetype": filename.filetype, "python": filename.python}
    if details.get("requires_python"):
        facts["requires_python"] = details["requires_python"]
    facts |= metadata.announce(site, filename, inside)
    if form.one("attestations"):
        provenance, authority = _provenance(site, form, filename.filename, actor)
        facts |= {"provenance": site.blobs.put(io.BytesIO(provenance)).digest, AUTHORITY: authority}
    asset = store.NewAsset(
        filename.filename, form.blob, form.hashes, facts, only_one="filetype=sdist" if filename.filetype == "sdist" else ""
    )
    what = store.Publication(
        name, str(details.get("name") or form.one("name")), str(version), details, (asset,), summary=str(details.get("summary", ""))
    )
    return store.publish(
        site, where, what, actor, lambda connection: rules.check_upload(connection, where, name, version, filename.filename, digest)
    )


def _provenance(site: Site, form: Form, filename: str, actor: str) -> tuple[bytes, str]:
    from registry.formats.pypi import attestations  # few uploads carry one, and checking it loads cryptography

    return attestations.provenance(site, form.one("attestations"), filename, form.hashes["sha256"], actor)


def _check_protocol(form: Form) -> None:
    if form.blob is None:
        raise Malformed(where="content", why="the upload carries no file")
    if form.one(":action") != "file_upload":
        raise Malformed(where=":action", why="only file_upload is known")
    if form.one("protocol_version") not in ("", "1"):
        raise Malformed(where="protocol_version", why="only 1 is known")


def _identity(form: Form, filename: archive.FileName) -> tuple[PackageName, Version]:
    """Name and version, on which the form's fields and the file's name must agree."""
    name, version = pypi_name(form.one("name")), pypi_version(form.one("version"))
    if name.name != filename.project:
        raise Malformed(where="file name", why=f"{filename.filename} does not begin with the project's name, {form.one('name')}")
    if version != filename.version:
        raise Malformed(where="file name", why=f"{filename.filename} is not of version {version}")
    told = form.one("filetype")
    if told not in ("", filename.filetype):
        raise Malformed(where="filetype", why=f"{filename.filename} is a {filename.filetype}, announced was {told[:40]}")
    return name, version


def _check_digests(form: Form) -> None:
    """Every digest that was sent must fit; one that cannot be read is refused, not passed over."""
    for field, algorithm in (("md5_digest", "md5"), ("sha256_digest", "sha256"), ("blake2_256_digest", "blake2b_256")):
        for told in form.fields.get(field, []):
            if told and _hex(told, field) != form.hashes[algorithm]:
                got = f"{form.hashes['sha256']} ({algorithm} {form.hashes[algorithm]})"
                raise DigestMismatch(got=got, expected=f"{algorithm} {told[:150]}")


def _hex(told: str, field: str) -> str:
    # The specification says urlsafe base64 without padding for MD5, every client sends hex.
    if field == "md5_digest" and len(told) == 22:
        try:
            return base64.urlsafe_b64decode(told + "==").hex()
        except (binascii.Error, ValueError):
            raise Malformed(where=field, why="is neither hex nor base64") from None
    return told.lower()


def _details(form: Form, raw: bytes, filename: archive.FileName, name: PackageName, version: Version) -> dict[str, Any]:
    """Core metadata: from the file itself, which is what installers will see, else from the form."""
    if not raw:
        return _from_form(form)
    told = archive.parse_metadata(raw, filename.filename)
    if str(canonicalize_name(told["name"])) != name.name:
        why = f"its metadata is of the project {told['name'][:100]!r}, announced was {name.name}"
        raise Malformed(where=filename.filename, why=why)
    try:
        inside = Version(told["version"])
    except InvalidVersion:
        raise Malformed(where=filename.filename, why=f"its metadata has the version {told['version'][:100]!r}") from None
    if inside != version:
        raise Malformed(where=filename.filename, why=f"its metadata is of version {inside}, announced was {version}")
    return archive.details_of(told)


def _from_form(form: Form) -> dict[str, Any]:
    details: dict[str, Any] = {key: form.one(key) for key in _SINGLE if form.one(key)}
    for key, fields in _LISTS.items():
        values = [value for field in fields for value in form.fields.get(field, []) if value]
        if values:
            details[key] = values
    if form.one("keywords"):
        details["keywords"] = [word.strip() for word in form.one("keywords").split(",") if word.strip()]
    urls = [text.partition(",") for text in form.fields.get("project_urls", [])]
    if urls:
        details["project_urls"] = {label.strip(): url.strip() for label, _, url in urls}
    return details
