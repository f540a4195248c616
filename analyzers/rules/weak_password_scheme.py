"""Password schemes of the last century."""

import libcst as cst

from analyzers.rule import Rule

_SCHEMES = ("md5_crypt", "des_crypt", "bsdi_crypt", "bigcrypt", "crypt16", "lmhash", "nthash", "plaintext", "ldap_plaintext", "ldap_md5",
            "ldap_sha1", "hex_md5", "hex_sha1", "mysql323", "mysql41", "oracle10", "sun_md5_crypt", "msdcc", "apr_md5_crypt",
            "roundup_plaintext")  # fmt: skip
_WEAK = frozenset(f"passlib.hash.{name}.{verb}" for name in _SCHEMES for verb in ("hash", "encrypt", "using"))
_METHODS = frozenset({"crypt.METHOD_MD5", "crypt.METHOD_CRYPT"})


class WeakPasswordScheme(Rule):
    """Passwords are hashed by a scheme that a graphics card tries billions of times a second, or not at all.

    MD5-crypt, DES-crypt and LM hashes are kept in libraries to check old ones, not to make new ones.

    Fix: `passlib.hash.argon2` or `bcrypt`.
    """

    severity = "high"
    cwe = 916
    prior = 0.8
    references = ("https://passlib.readthedocs.io/en/stable/narr/quickstart.html",)
    triggers = ("passlib", "crypt")
    invalid = (
        "from passlib.hash import md5_crypt\ndef f(password):\n    return md5_crypt.hash(password)",
        "import crypt\ndef f(password):\n    return crypt.crypt(password, crypt.METHOD_MD5)",
        "import passlib.hash as h\nclass A:\n    def set(self, pw):\n        self.pw = h.des_crypt.encrypt(pw)",
    )
    valid = (
        "from passlib.hash import argon2\ndef f(password):\n    return argon2.hash(password)",
        "from passlib.hash import md5_crypt\ndef ok(password, old):\n    return md5_crypt.verify(password, old)",
        "import crypt\ndef f(password):\n    return crypt.crypt(password, crypt.METHOD_SHA512)",
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at schemes that make a new hash."""
        name = self.qualified_name(node.func)
        if name in _WEAK or (name == "crypt.crypt" and any(self.qualified_name(arg.value) in _METHODS for arg in node.args)):
            self.report(node)
