"""Salts that are the same for everybody."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.literal import literal_bytes
from analyzers.syntax import argument

_KDF = "cryptography.hazmat.primitives.kdf"
_SALT = {
    "hashlib.pbkdf2_hmac": 2, "hashlib.scrypt": None, "bcrypt.hashpw": 1, "crypt.crypt": 1,
    f"{_KDF}.pbkdf2.PBKDF2HMAC": 2, f"{_KDF}.scrypt.Scrypt": 0, "Crypto.Protocol.KDF.PBKDF2": 1,
    "Cryptodome.Protocol.KDF.PBKDF2": 1, "Crypto.Protocol.KDF.scrypt": 1, "argon2.low_level.hash_secret": 1,
}  # fmt: skip


class ConstantSalt(CallRule):
    """The salt is a constant, so equal passwords have equal hashes and one table cracks them all.

    A salt is there to make every stored hash a problem of its own.

    Fix: make one for each password, `salt = os.urandom(16)`, and store it beside the hash.
    """

    severity = "medium"
    cwe = 760
    prior = 0.8
    references = ("https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#salting",)
    triggers = ("salt", "pbkdf2", "PBKDF2", "hashpw", "crypt", "hash_secret")
    calls = frozenset(_SALT)
    invalid = (
        "import hashlib\nk = hashlib.pbkdf2_hmac('sha256', p, b'pepper', 600_000)",
        "import hashlib\nSALT = b'my app'\ndef f(p):\n    return hashlib.scrypt(p, salt=SALT, n=2**15, r=8, p=1)",
        "import bcrypt\nh = bcrypt.hashpw(p, b'$2b$12$abcdefghijklmnopqrstuv')",
        ("from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC\n"
         "k = PBKDF2HMAC(algorithm=a, length=32, salt=b'salt', iterations=600000)"),
        "from Crypto.Protocol.KDF import PBKDF2 as d\nk = d(p, 'salty'.encode(), count=1000000)",
        ("import hashlib\nclass A:\n    def f(self, p):\n"
         "        return hashlib.pbkdf2_hmac('sha256', p, salt=bytes(16), iterations=600000)"),
    )
    valid = (
        "import hashlib, os\nk = hashlib.pbkdf2_hmac('sha256', p, os.urandom(16), 600_000)",
        "import hashlib\ndef f(p, salt):\n    return hashlib.pbkdf2_hmac('sha256', p, salt, 600_000)",
        "import bcrypt\nh = bcrypt.hashpw(p, bcrypt.gensalt())",
        "import hashlib\nk = hashlib.pbkdf2_hmac('sha256', b'fixed password', salt(), 600_000)",
        "from kitchen import crypt\ncrypt.season(b'salt')",
        "def pbkdf2_hmac(*a): ...\npbkdf2_hmac('sha256', 1, b'salt', 3)",
        "import hashlib\ndef f(row, p):\n    salt = row.salt\n    return hashlib.scrypt(p, salt=salt, n=2**15, r=8, p=1)",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at the salt."""
        if literal_bytes(argument(node, "salt", _SALT[name]), self.scope) is not None:
            self.report(node)
