"""Runs inside a build without network: 127.0.0.1:PORT leads to the registry's Unix socket. Standard library only.

`python -I -S forwarder.py PORT SOCKET` returns when it listens; the work is done by its child, in one thread, with no
limits of its own: those of the build hold for it, and the relay outside decides what passes.
"""

import contextlib
import os
import selectors
import socket
import sys

CHUNK_BYTES = 64 * 1024


def main(port: int, path: str) -> None:
    """Listens, then goes on in the background."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(64)
    if os.fork():
        return
    os.setsid()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    forward(listener, path)


def forward(listener: socket.socket, path: str) -> None:
    """Copies bytes both ways for every connection, for ever. A side is read only while the other takes what it gave."""
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ, None)
    while True:
        for key, _events in selector.select():
            if key.data is None:
                _accept(selector, listener, path)
            else:
                key.data.ready(selector)


class Direction:
    """Bytes on their way from one socket to the other: either waiting to read or waiting to write."""

    def __init__(self, source: socket.socket, sink: socket.socket) -> None:
        # Each direction watches descriptors of its own: a selector takes a descriptor once.
        self.source, self.sink = source.dup(), sink.dup()
        self.data = b""
        for end in (self.source, self.sink):
            end.setblocking(False)

    def ready(self, selector: selectors.BaseSelector) -> None:
        """Goes one step on."""
        try:
            if self.data:
                self.data = self.data[self.sink.send(self.data) :]
                if not self.data:
                    selector.unregister(self.sink)
                    selector.register(self.source, selectors.EVENT_READ, self)
                return
            self.data = self.source.recv(CHUNK_BYTES)
        except BlockingIOError:
            return
        except OSError:
            self.data = b""
            self.end(selector)
            return
        if not self.data:
            self.end(selector)
            return
        selector.unregister(self.source)
        selector.register(self.sink, selectors.EVENT_WRITE, self)

    def end(self, selector: selectors.BaseSelector) -> None:
        """No more bytes come this way."""
        for end in (self.source, self.sink):
            with contextlib.suppress(KeyError, ValueError):
                selector.unregister(end)
        with contextlib.suppress(OSError):
            self.sink.shutdown(socket.SHUT_WR)
        self.source.close()
        self.sink.close()


def _accept(selector: selectors.BaseSelector, listener: socket.socket, path: str) -> None:
    client, _ = listener.accept()
    upstream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        upstream.connect(path)
        for source, sink in ((client, upstream), (upstream, client)):
            direction = Direction(source, sink)
            selector.register(direction.source, selectors.EVENT_READ, direction)
    except OSError:
        pass
    client.close()
    upstream.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
