"""Passwords hashed with a function made to be fast."""

import re

import libcst as cst

from analyzers.calls import CallRule
from analyzers.syntax import descend

_PASSWORD = re.compile(r"(^|_)(password|passwd|passphrase|pwd)($|_)", re.IGNORECASE)
_NOT_ONE = re.compile(r"(file|path|hash|hashed|digest|url|name|salt|reset|token|count|length|len)($|_)", re.IGNORECASE)


class FastPasswordHash(CallRule):
    """A password is hashed with a fast function; a stolen table of them is guessed at billions a second.

    SHA-2 and SHA-3 are made for speed. What slows guessing is a function that is slow and takes memory. Code that carries the
    hash in its own name (`MD5Hasher`, `check_sha1`) is one scheme among several, kept to check old hashes: medium, for what
    counts is which scheme is chosen for new ones.

    Fix: use argon2id, `hashlib.scrypt` or bcrypt, through the framework's own password functions if it has them.
    """

    severity = "high"
    confidence = "medium"
    cwe = 916
    prior = 0.75
    references = ("https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html",)
    triggers = ("hashlib",)
    calls = frozenset(
        f"hashlib.{name}" for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "sha3_512", "blake2b", "blake2s")
    )
    invalid = (
        "import hashlib\ndef f(password):\n    return hashlib.sha256(password.encode()).hexdigest()",
        "from hashlib import sha512\ndef f(user_password, salt):\n    return sha512(salt + user_password.encode())",
        "import hashlib as h\nclass A:\n    def set(self, passwd):\n        self.hash = h.md5(passwd).hexdigest()",
        "import hashlib\ndef f(form):\n    return hashlib.sha1(form.password.encode('utf8')).digest()",
        "import hashlib\ndef f(pwd):\n    return hashlib.sha3_256(f'{pwd}:site'.encode())",
        "import hashlib\nclass MD5Scheme:\n    def encode(self, password, salt):\n        return hashlib.md5(salt + password).hexdigest()",
        "import hashlib\ndef f(request):\n    return hashlib.blake2b(bytes(request.passphrase, 'ascii')).digest()",
    )
    valid = (
        "import hashlib\ndef f(content):\n    return hashlib.sha256(content).hexdigest()",
        "import hashlib\ndef f(password, salt):\n    return hashlib.scrypt(password, salt=salt, n=2**15, r=8, p=1)",
        "import hashlib\ndef f(password_file):\n    return hashlib.sha256(password_file.read())",
        "import hashlib\ndef f(password_hash):\n    return hashlib.sha256(password_hash)",
        "def f(hashlib, password):\n    return hashlib.sha256(password)",
        "import hashlib\nLABEL = 'password'\ndigest = hashlib.sha256(b'password')",
        "import hashlib\ndef f(password_reset_token):\n    return hashlib.sha256(password_reset_token.encode())",
        "import hashlib\ndef f(compassword):\n    return hashlib.sha256(compassword)",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks for a password in what is hashed."""
        if node.args and any(_is_password(one) for one in descend(node.args[0].value)):
            named = [one.name.value.lower() for one in self.context.inside((cst.ClassDef, cst.FunctionDef)) if hasattr(one, "name")]
            algorithm = name.removeprefix("hashlib.")
            self.report(node, severity="medium" if any(algorithm in one for one in named) else None)


def _is_password(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Name) and bool(_PASSWORD.search(node.value)) and not _NOT_ONE.search(node.value)
