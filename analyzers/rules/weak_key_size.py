"""Asymmetric keys that can be computed from their public half."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.syntax import argument

_HAZMAT = "cryptography.hazmat.primitives.asymmetric"
_BITS_MIN = 2048
_RSA = {
    f"{_HAZMAT}.rsa.generate_private_key": ("key_size", 1), f"{_HAZMAT}.dsa.generate_private_key": ("key_size", 0),
    f"{_HAZMAT}.dh.generate_parameters": ("key_size", 1),
    **{f"{p}.PublicKey.{k}.generate": ("bits", 0) for p in ("Crypto", "Cryptodome") for k in ("RSA", "DSA")},
    "rsa.newkeys": ("nbits", 0), "paramiko.RSAKey.generate": ("bits", 0), "paramiko.DSSKey.generate": ("bits", 0),
}  # fmt: skip
_EC = f"{_HAZMAT}.ec.generate_private_key"
_SHORT_CURVES = frozenset(f"{_HAZMAT}.ec.{name}" for name in ("SECP192R1", "SECT163K1", "SECT163R2", "SECP160R1"))


class WeakKeySize(CallRule):
    """The key is too short: its private half can be computed from the public one.

    1024-bit RSA and DSA are within reach of well-funded attackers; NIST SP 800-57 asks for 2048 bits, and 224 on curves.

    Fix: use at least 2048 bits (3072 for what must last beyond 2030), or a curve such as `ec.SECP256R1()` or Ed25519.
    """

    severity = "high"
    cwe = 326
    prior = 0.85
    references = ("https://csrc.nist.gov/pubs/sp/800/131/a/r2/final",)
    triggers = ("generate", "newkeys")
    calls = frozenset({*_RSA, _EC})
    invalid = (
        "from cryptography.hazmat.primitives.asymmetric import rsa\nk = rsa.generate_private_key(65537, 1024)",
        "from cryptography.hazmat.primitives.asymmetric import rsa\nk = rsa.generate_private_key(public_exponent=65537, key_size=512)",
        "from Crypto.PublicKey import RSA\nBITS = 1024\nkey = RSA.generate(BITS)",
        "from Cryptodome.PublicKey.DSA import generate\nkey = generate(bits=1024)",
        "import rsa\ndef f():\n    return rsa.newkeys(512)",
        "from cryptography.hazmat.primitives.asymmetric import ec\nk = ec.generate_private_key(ec.SECP192R1())",
        "import paramiko\nclass A:\n    def make(self):\n        return paramiko.RSAKey.generate(2 * 512)",
    )
    valid = (
        "from cryptography.hazmat.primitives.asymmetric import rsa\nk = rsa.generate_private_key(65537, 2048)",
        "from cryptography.hazmat.primitives.asymmetric import ec\nk = ec.generate_private_key(ec.SECP256R1())",
        "from Crypto.PublicKey import RSA\nkey = RSA.generate(4096)",
        "from Crypto.PublicKey import RSA\ndef f(bits):\n    return RSA.generate(bits)",
        "from noise import RSA\nkey = RSA.generate(128)",
        "from cryptography.hazmat.primitives.asymmetric import rsa\nk = rsa.generate_private_key(key_size=3072, public_exponent=3)",
        "def f(rsa):\n    return rsa.newkeys(512)",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at the size or curve."""
        if name == _EC:
            curve = argument(node, "curve", 0)
            if curve is not None and (self.qualified_name(curve) or "").removesuffix("()") in _SHORT_CURVES:
                self.report(node)
            return
        bits = self.number(argument(node, *_RSA[name]))
        if bits is not None and bits < _BITS_MIN:
            self.report(node)
