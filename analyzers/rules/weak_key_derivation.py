"""Passwords stretched too little."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.syntax import argument

_HAZMAT = "cryptography.hazmat.primitives.kdf.pbkdf2.PBKDF2HMAC"
_ITERATIONS = {
    "hashlib.pbkdf2_hmac": ("iterations", 3), _HAZMAT: ("iterations", 3),
    "Crypto.Protocol.KDF.PBKDF2": ("count", 3), "Cryptodome.Protocol.KDF.PBKDF2": ("count", 3),
}  # fmt: skip
_ITERATIONS_MIN = 100_000
_COST_MIN = 2**14
_ROUNDS_MIN = 10


class WeakKeyDerivation(CallRule):
    """The password is stretched too little: guesses cost an attacker almost nothing.

    A graphics card tries billions of passwords a second against a fast function; OWASP asks for 600,000 rounds of
    PBKDF2-HMAC-SHA256, scrypt with N of 2**17, or bcrypt with 10 rounds or more.

    Fix: raise the cost, `hashlib.pbkdf2_hmac("sha256", password, salt, 600_000)`, or use argon2id.
    """

    severity = "medium"
    cwe = 916
    prior = 0.8
    references = ("https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#pbkdf2",)
    triggers = ("pbkdf2", "PBKDF2", "scrypt", "gensalt")
    calls = frozenset({*_ITERATIONS, "hashlib.scrypt", "bcrypt.gensalt"})
    invalid = (
        "import hashlib\nk = hashlib.pbkdf2_hmac('sha256', password, salt, 1000)",
        "from hashlib import pbkdf2_hmac as stretch\nROUNDS = 4096\nk = stretch('sha512', p, s, iterations=ROUNDS)",
        "import hashlib\nk = hashlib.pbkdf2_hmac('md5', password, salt, 600_000)",
        ("from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC\n"
         "k = PBKDF2HMAC(algorithm=a, length=32, salt=s, iterations=1_000)"),
        "from Crypto.Protocol.KDF import PBKDF2\nk = PBKDF2(password, salt)",
        "import hashlib\ndef f(p, s):\n    return hashlib.scrypt(p, salt=s, n=1024, r=8, p=1)",
        "import bcrypt\nclass A:\n    def f(self, p):\n        return bcrypt.hashpw(p, bcrypt.gensalt(4))",
    )
    valid = (
        "import hashlib\nk = hashlib.pbkdf2_hmac('sha256', password, salt, 600_000)",
        "import hashlib\ndef f(p, s, rounds):\n    return hashlib.pbkdf2_hmac('sha256', p, s, rounds)",
        "import bcrypt\nsalt = bcrypt.gensalt()",
        "import bcrypt\nsalt = bcrypt.gensalt(rounds=12)",
        "import hashlib\nk = hashlib.scrypt(p, salt=s, n=2**17, r=8, p=1)",
        "import hashlib\nk = hashlib.scrypt(p, salt=s, n=131072, r=8, p=1)",
        "def pbkdf2_hmac(*a): ...\npbkdf2_hmac('md5', 1, 2, 3)",
        "from Crypto.Protocol.KDF import PBKDF2\nk = PBKDF2(password, salt, 32, count=1000000)",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at hash and cost."""
        if name == "bcrypt.gensalt":
            limit, given = _ROUNDS_MIN, self.number(argument(node, "rounds", 0))
        elif name == "hashlib.scrypt":
            limit, given = _COST_MIN, self.number(argument(node, "n"))
        else:
            place = _ITERATIONS[name]
            limit, given = _ITERATIONS_MIN, self.number(argument(node, *place))
            if "KDF.PBKDF2" in name and argument(node, *place) is None and not any(one.star for one in node.args):
                given = 0  # its default is 1000
            if name == "hashlib.pbkdf2_hmac" and self.text(argument(node, "hash_name", 0)) == "md5":
                given = 0
        if given is not None and given < limit:
            self.report(node)
