"""Takes secrets out of a stream of bytes, in the forms in which programs print them, also when split over reads."""

import base64
import json
import re
from collections.abc import Iterable
from urllib.parse import quote

STARS = b"***"
SECRET_CHARS_MIN = 4
"""Shorter texts are not masked: they would turn half of a log into stars."""


class Masker:
    """`feed` gives back what may be shown now; what could still turn out to be a secret is held until the next call."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = sorted({form for secret in secrets for form in _forms(secret)}, key=len, reverse=True)
        self._pattern = re.compile(b"|".join(re.escape(form) for form in forms)) if forms else None
        self._starts = frozenset(form[:length] for form in forms for length in range(1, len(form)))
        self._held = b""
        self._length_max = max(map(len, forms), default=0)

    def feed(self, data: bytes) -> bytes:
        """The part of `data`, and of what was held before, that is settled; secrets are replaced by stars."""
        if self._pattern is None:
            return data
        data = self._held + data
        cut = self._settled(data)
        self._held = data[cut:]
        return self._pattern.sub(STARS, data[:cut])

    def flush(self) -> bytes:
        """Everything still held, masked."""
        held, self._held = self._held, b""
        return self.mask(held)

    def mask(self, data: bytes) -> bytes:
        """A whole text at once."""
        return data if self._pattern is None else self._pattern.sub(STARS, data)

    def _settled(self, data: bytes) -> int:
        """How much of `data` no later byte can change: up to the longest end that begins a secret."""
        assert self._pattern is not None
        cut = len(data)
        for length in range(min(self._length_max - 1, len(data)), 0, -1):
            if data[-length:] in self._starts:
                cut = len(data) - length
                break
        if cut < len(data):
            for match in self._pattern.finditer(data):
                if match.start() < cut < match.end():  # a whole secret that reaches into the held end stays in one piece
                    return match.start()
        return cut


def _forms(secret: str) -> set[bytes]:
    """The ways in which a secret appears: itself, each of its lines, base64 at any offset, URL, JSON and hex."""
    forms: set[bytes] = set()
    for part in {secret, *secret.splitlines()}:
        if len(part.strip()) < SECRET_CHARS_MIN:
            continue
        raw = part.encode()
        quoted = quote(part, safe="")
        forms |= {raw, raw.strip(), quoted.encode(), quoted.replace("%20", "+").encode(), quote(part).encode()}
        forms |= {
            json.dumps(part)[1:-1].encode(),
            json.dumps(part, ensure_ascii=False)[1:-1].encode(),
            raw.hex().encode(),
        }
        forms |= {cut.translate(table) for cut in _base64_cores(raw) for table in (bytes.maketrans(b"", b""), _URLSAFE)}
    return {form for form in forms if len(form) >= SECRET_CHARS_MIN}


_URLSAFE = bytes.maketrans(b"+/", b"-_")


def _base64_cores(raw: bytes) -> set[bytes]:
    """The characters of base64 text that depend on the secret alone, for each of the three offsets it may stand at."""
    cores = {base64.b64encode(raw).rstrip(b"=")}
    for shift in range(3):
        first = -(-shift * 8 // 6)  # the first character that holds no bit of what stands before
        last = (shift + len(raw)) * 8 // 6  # and the end of those that hold no bit of what stands after
        core = base64.b64encode(bytes(shift) + raw)[first:last]
        if len(core) >= 6:
            cores.add(core)
    return cores
