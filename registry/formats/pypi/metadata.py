"""The core metadata of stored wheels (PEP 658): read out of the wheel when it is asked for, so that an upload stores one file, not two."""

import hashlib
import io

from registry.formats.pypi import archive
from registry.formats.pypi.archive import FileName
from registry.shown import ShownAsset
from service.kernel.errors import Malformed, Missing
from service.kernel.site import Site

DIGEST = "core_metadata"
"""In an asset's details: the SHA-256 of the wheel's core metadata, as index pages announce it."""
QUICK_MEMBERS_MAX, QUICK_BYTES_MAX = 500, 256 * 1024
"""Opening an archive goes through the list of all its members, and what is compressed must be expanded. Where that is more than this, the
metadata is stored beside the wheel."""


def announce(site: Site, name: FileName, inside: archive.Inside) -> dict[str, str]:
    """What to keep with a wheel so that its metadata can be had; nothing for other files."""
    if name.filetype != "bdist_wheel" or not inside.metadata:
        return {}
    if inside.members > QUICK_MEMBERS_MAX or len(inside.metadata) > QUICK_BYTES_MAX:
        return {DIGEST: site.blobs.put(io.BytesIO(inside.metadata)).digest}
    return {DIGEST: hashlib.sha256(inside.metadata).hexdigest()}


def of(site: Site, asset: ShownAsset) -> bytes:
    """The metadata that was announced of a stored wheel. Raises Missing when there is none, or none that fits its digest."""
    announced = asset.details.get(DIGEST)
    if not announced:
        raise Missing(what="metadata", name=asset.name)
    try:
        with site.blobs.open(announced) as file:  # of a wheel with many members, or stored by an earlier release
            return file.read()
    except Missing:
        pass
    try:
        with site.blobs.open(asset.digest) as file:
            raw = archive.read_metadata(file, archive.parse_file_name(asset.name)).metadata
    except Malformed:
        raw = b""
    if hashlib.sha256(raw).hexdigest() != announced:
        raise Missing(what="metadata", name=asset.name)
    return raw
