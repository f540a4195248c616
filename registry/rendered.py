"""Rendered documents, kept in memory under a key that names every revision they were made from, so none goes stale."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

KEPT_BYTES_MAX = 8 * 1024 * 1024
"""Little, since the front keeps the answers made of them."""
ONE_BYTES_MAX = 8 * 1024 * 1024


@dataclass(frozen=True)
class Rendered:
    """A document ready to be sent."""

    body: bytes
    etag: str


class RenderedDocuments:
    """Least recently used first out; bounded by bytes."""

    def __init__(self, kept_bytes_max: int = KEPT_BYTES_MAX) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, Rendered] = OrderedDict()
        self._size, self._limit = 0, kept_bytes_max

    def get(self, key: Hashable, render: Callable[[], bytes]) -> Rendered:
        """The document under `key`, rendered when it is not kept."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found
        body = render()
        made = Rendered(body, hashlib.sha256(body).hexdigest()[:32])
        if len(body) <= ONE_BYTES_MAX:
            self._keep(key, made)
        return made

    def _keep(self, key: Hashable, made: Rendered) -> None:
        with self._lock:
            old = self._kept.pop(key, None)
            self._size += len(made.body) - (len(old.body) if old else 0)
            self._kept[key] = made
            while self._size > self._limit:
                _, dropped = self._kept.popitem(last=False)
                self._size -= len(dropped.body)


documents = RenderedDocuments()
"""The one of this process."""
