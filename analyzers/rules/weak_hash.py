"""MD5 and SHA-1 where security may rest on them."""

import libcst as cst

from analyzers.literal import resolve
from analyzers.rule import Rule
from analyzers.syntax import argument, is_name, string_value

_WEAK = frozenset({"md4", "md5", "sha", "sha1", "sha-1"})

_PYCRYPTO = frozenset(f"{package}.Hash.{name}.new" for package in ("Crypto", "Cryptodome") for name in ("MD2", "MD4", "MD5", "SHA", "SHA1"))


class WeakHash(Rule):
    """A hash that can be forged is used: MD5 and SHA-1 collisions are cheap to make.

    Two different files or messages with the same hash can be made on a laptop, so a signature, a token or a check of
    integrity that rests on it proves nothing; passwords hashed this fast are guessed at billions a second.

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
                self.report(node)
        elif name in ("hashlib.md5", "hashlib.sha1"):
            if not _waived(node):
                self.report(node)
        elif name in _PYCRYPTO or (name.endswith((".hashes.MD5", ".hashes.SHA1")) and name.startswith("cryptography.")):
            self.report(node)


def _named(node: cst.CSTNode | None, *names: str) -> bool:
    value = string_value(node)
    return value is not None and value.lower() in names


def _waived(node: cst.Call) -> bool:
    return is_name(argument(node, "usedforsecurity"), "False")
