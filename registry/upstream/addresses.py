"""Where a connection may lead: to public addresses, or to private ones when an administrator connected it.

Checked on the address that was really reached, before a byte is sent: a name may resolve to another address each time
(DNS rebinding). Behind a proxy of the environment the proxy resolves names, so only addresses written as such are checked.
"""

import ipaddress
import socket
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from service.kernel.errors import Problem


class PrivateAddress(Problem):
    """403: the address belongs to an internal network."""

    status = 403
    says = "{host} is at {address}, an internal address, where this connection may not lead"
    todo = "Have an administrator (admin:ConnectPrivate on admin/upstreams) connect the index."


class Unsafe(HTTPError):
    """The address that was reached may not be used. Of a kind that urllib3 passes on at once, without trying again."""


def allowed(address: str, *, private: bool) -> bool:
    """Whether a connection may lead to an IP address. Link-local ones, where clouds keep credentials, never."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(ip, "ipv4_mapped", None)
    ip = mapped or ip
    if ip.is_link_local or ip.is_multicast or ip.is_unspecified or (ip.is_reserved and not ip.is_loopback):
        return False
    return private or ip.is_global


def check(url: str, *, private: bool) -> None:
    """Raises PrivateAddress when any address of the URL's host may not be used; a name that does not resolve passes."""
    host = urlsplit(url).hostname or ""
    for address in _addresses(host):
        if not allowed(address, private=private):
            raise PrivateAddress(host=host, address=address)


def check_literal(url: str, *, private: bool) -> None:
    """The same for a host that is written as an address; names pass."""
    host = urlsplit(url).hostname or ""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return
    if not allowed(host, private=private):
        raise PrivateAddress(host=host, address=host)


def guarded_pool(private: bool, **options: Any) -> urllib3.PoolManager:
    """A pool whose connections check the address they reached."""
    pool = urllib3.PoolManager(**options)
    kinds = {"http": _pool_class(urllib3.HTTPConnectionPool, HTTPConnection, private),
             "https": _pool_class(urllib3.HTTPSConnectionPool, HTTPSConnection, private)}
    pool.pool_classes_by_scheme = kinds
    return pool


def _pool_class(pool: Any, connection: Any, private: bool) -> Any:
    class Guarded(connection):  # type: ignore[misc]
        def _new_conn(self) -> socket.socket:
            sock: socket.socket = super()._new_conn()
            address = str(sock.getpeername()[0])
            if not allowed(address, private=private):
                sock.close()
                raise Unsafe(f"{self.host} is at {address}, an internal address")
            return sock

    class GuardedPool(pool):  # type: ignore[misc]
        ConnectionCls = Guarded

    return GuardedPool


def _addresses(host: str) -> list[str]:
    try:
        return sorted({str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)})
    except OSError:
        return []
