"""MD5 and SHA-1 where security may rest on them."""

import re
from collections.abc import Iterator

import libcst as cst

from analyzers.literal import resolve
from analyzers.rule import Rule
from analyzers.syntax import argument, descend, is_name, string_value

_WEAK = frozenset({"md4", "md5", "sha", "sha1", "sha-1"})
_NO_SECRET = re.compile(
    r"cache|etag|(^|_)(guid|uid|slot|shard|bucket|nonce|cnonce|websocket|template)|(^|_)(file|thumb|image)_?(name|path|id)($|_)|"
    r"(?<!api_)(?<!private_)(?<!secret_)(?<!public_)key_?(for|of)?_?(template|url|path|name)",
    re.IGNORECASE,
)
_OFFERED = re.compile(r"(?<![a-z])(md4|md5|sha1)(?![0-9])", re.IGNORECASE)
_WEBSOCKET = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_NAMES_ONLY = "A hash that can be forged makes a name here; if nothing rests on it, say `usedforsecurity=False`."
_PYCRYPTO = frozenset(f"{package}.Hash.{name}.new" for package in ("Crypto", "Cryptodome") for name in ("MD2", "MD4", "MD5", "SHA", "SHA1"))


class WeakHash(Rule):
    """A hash that can be forged is used: MD5 and SHA-1 collisions are cheap to make.

    Two different files or messages with the same hash can be made on a laptop, so a signature, a token or a check of
    integrity that rests on it proves nothing; passwords hashed this fast are guessed at billions a second.

    Where it only names a cache entry, an ETag or a file, is a protocol's own (WebSocket, digest authentication), or is offered
    under its own name for others to choose, the severity is low.

    Fix: use `hashlib.sha256` or `hashlib.blake2b`; for passwords `hashlib.scrypt` or argon2; for a mere checksum say
    `usedforsecurity=False`.
    """

    severity = "medium"
    confidence = "medium"
    cwe = 327
    prior = 0.5
    references = ("https://www.rfc-editor.org/rfc/rfc6151.html", "https://docs.python.org/3/library/hashlib.html")
    triggers = ("md5", "MD5", "sha1", "SHA1", "hashlib", "hmac")
    invalid = (
        "import hashlib\ndef f(data):\n    return hashlib.md5(data).hexdigest()",
        "from hashlib import sha1\ndef f(data):\n    return sha1(data)",
        "import hashlib\ndef f(data):\n    return hashlib.new('MD5', data)",
        "import hmac, hashlib\ndef f(key, data):\n    return hmac.new(key, data, hashlib.md5)",
        "from cryptography.hazmat.primitives import hashes\nalgorithm = hashes.SHA1()",
        "import hashlib\nALGORITHM = 'sha1'\ndef f(data):\n    h = hashlib.new(name=ALGORITHM)\n    h.update(data)\n    return h",
        ("import hashlib as h\nclass Signer:\n    digest = staticmethod(h.sha256)\n    def old(self, data):\n"
         "        return h.md5(f'{self.key}{data}'.encode())"),
        "import hashlib\ndef cache_name(url):\n    return hashlib.md5(url).hexdigest()",
        "import hashlib\ndef sign(body, salt):\n    digest = hashlib.sha1(body + salt)\n    return digest",
        "from Crypto.Hash import MD5\nh = MD5.new(b'data')",
        "import hashlib\nmake = hashlib.sha1\ndef f(data):\n    return make(data).digest()",
    )
    valid = (
        "import hashlib\ndef f(data):\n    return hashlib.sha256(data).hexdigest()",
        "import hashlib\ndef f(data):\n    return hashlib.md5(data, usedforsecurity=False)",
        "import hashlib\ndef f(data):\n    return hashlib.new('sha256', data)",
        "import hashlib\ndef f(name, data):\n    return hashlib.new(name, data)",
        "def md5(data): ...\nmd5(b'')",
        "from Crypto.Hash import SHA256\nh = SHA256.new(b'md5')",
        # HMAC-SHA1 is not broken: its security does not need collision resistance (RFC 6151 says MD5 should go).
        "import hmac, hashlib\ndef f(key, data):\n    return hmac.new(key, data, hashlib.sha1)",
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at calls that make a hash."""
        name = self.qualified_name(node.func)
        if name is None:
            return
        if name in ("hmac.new", "hmac.digest"):
            digest = argument(node, "digestmod", 2) or argument(node, "digest", 2)
            if digest is not None and (self.qualified_name(digest) == "hashlib.md5" or _named(digest, "md5")):
                self.report(node)
        elif name == "hashlib.new":
            algorithm = argument(node, "name", 0)
            if algorithm is not None and _named(resolve(algorithm, self.scope), *_WEAK) and not _waived(node):
                self._tell(node)
        elif name in ("hashlib.md5", "hashlib.sha1"):
            if not _waived(node):
                self._tell(node)
        elif name in _PYCRYPTO or (name.endswith((".hashes.MD5", ".hashes.SHA1")) and name.startswith("cryptography.")):
            self.report(node)

    def _tell(self, node: cst.Call) -> None:
        """Low where the names around say that it makes a name, or that others choose it."""
        named = [one for one in self.context.parents if isinstance(one, cst.FunctionDef | cst.ClassDef)]
        around = [one.name.value for one in named]
        kept = [target for one in self.context.inside(cst.Assign)[:1] if isinstance(one, cst.Assign) for target in _written(one)]
        low = any(_NO_SECRET.search(one) for one in [*around, *kept]) or any(_OFFERED.search(one) for one in around) or self._is_handshake()
        self.report(node, _NAMES_ONLY if low else "", severity="low" if low else None)

    def _is_handshake(self) -> bool:
        """Whether the WebSocket's own number stands in the function (RFC 6455, section 1.3), or a name for it."""
        below = [one for function in self.context.inside(cst.FunctionDef)[:1] for one in descend(function)]
        return any((isinstance(one, cst.SimpleString) and _WEBSOCKET in one.value) or is_name(one, "WS_KEY") for one in below)


def _written(node: cst.Assign) -> Iterator[str]:
    """The names that an assignment gives a value."""
    for target in node.targets:
        for one in descend(target.target):
            if isinstance(one, cst.Name):
                yield one.value


def _named(node: cst.CSTNode | None, *names: str) -> bool:
    value = string_value(node)
    return value is not None and value.lower() in names


def _waived(node: cst.Call) -> bool:
    return is_name(argument(node, "usedforsecurity"), "False")
