"""Addresses of machines written into the source."""

import ipaddress
import re

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import string_value

_URL = re.compile(r"^[a-z][a-z0-9+.-]*://(?:[^/@\s]*@)?(\d{1,3}(?:\.\d{1,3}){3})(?:[:/]|$)", re.IGNORECASE)
_NAME = re.compile(r"(^|_)(ip|ips|host|hosts|hostname|addr|address|server|servers|gateway|endpoint|peer|broker|proxy)($|_)", re.IGNORECASE)
_OTHER = re.compile(r"version|mask|test|example|sample|dummy|fake", re.IGNORECASE)
_CONNECTS = frozenset({"connect", "connect_ex", "create_connection", "sendto"})
_KNOWN = frozenset({"1.1.1.1", "8.8.8.8", "8.8.4.4", "9.9.9.9", "255.255.255.255"})
_DOCUMENTATION = tuple(ipaddress.ip_network(one) for one in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"))


class HardcodedIpAddress(Rule):
    """The address of a machine is written in the source, so the program works in one network only.

    When the machine moves, the program must change; and whoever reads the code learns how the network is built.

    Fix: take a host name from the configuration.
    """

    severity = "low"
    confidence = "medium"
    cwe = 1051
    prior = 0.4
    references = ("https://www.rfc-editor.org/rfc/rfc4085.html",)
    invalid = (
        "DB_HOST = '10.20.30.40'",
        "import requests\nrequests.get('http://52.16.7.9:8080/status', timeout=5)",
        "import socket\ns = socket.socket()\ns.settimeout(5)\ns.connect(('185.12.64.1', 25))",
        "def connect(server='10.0.4.17'):\n    return open_channel(server)",
        "class Config:\n    broker = 'amqp://10.3.0.9/jobs'",
        "import redis\ncache = redis.Redis(host='172.16.5.4')",
    )
    valid = (
        "DB_HOST = 'db.example.org'",
        "HOST = '127.0.0.1'\nANY = {'host': '0.0.0.0'}",
        "server_version = '10.20.30.40'",
        "import requests\nrequests.get('http://192.0.2.7/status', timeout=5)",
        "dns_server = '8.8.8.8'",
        "NETMASK = '255.255.255.0'\nhost_mask = '255.255.0.0'",
        "import os\nhost = os.environ['DB_HOST']",
        "print('10.20.30.40 is not given to anything')",
    )

    def visit_SimpleString(self, node: cst.SimpleString) -> None:
        """Looks at texts that are an address, or a URL of one, where something is to be reached."""
        if len(node.value) < 9 or "." not in node.value:
            return
        text = string_value(node) or ""
        in_url = _URL.match(text)
        if self._is_machine(in_url.group(1) if in_url else text) and (in_url or self._reached()):
            self.report(node)

    def _is_machine(self, text: str) -> bool:
        if not text[:1].isdigit() or text in _KNOWN or "test" in self.context.path:
            return False
        try:
            address = ipaddress.IPv4Address(text)
        except ValueError:
            return False
        special = address.is_loopback or address.is_unspecified or address.is_multicast or address.is_link_local or address.is_reserved
        return not special and not any(address in network for network in _DOCUMENTATION)

    def _reached(self) -> bool:
        """Whether its name or its use says that it is where to connect."""
        match self.parent():
            case cst.Arg(keyword=cst.Name(value=name)) | cst.Param(name=cst.Name(value=name)):
                return _tells(name)
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name) | cst.Attribute(attr=cst.Name(value=name)))]):
                return _tells(name)
            case cst.AnnAssign(target=cst.Name(value=name)):
                return _tells(name)
            case cst.DictElement(key=key):
                return _tells(string_value(key) or "")
            case cst.Element():
                call = self.parent(4)
                return isinstance(call, cst.Call) and isinstance(call.func, cst.Attribute) and call.func.attr.value in _CONNECTS
        return False


def _tells(name: str) -> bool:
    return bool(_NAME.search(name)) and not _OTHER.search(name)
