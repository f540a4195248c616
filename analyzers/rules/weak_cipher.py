"""Ciphers that are broken or whose keys are too short to matter."""

import libcst as cst

from analyzers.calls import CallRule

_BROKEN = ("ARC2", "ARC4", "Blowfish", "DES", "DES3", "XOR", "CAST")
_ALGORITHMS = ("ARC4", "RC2", "Blowfish", "IDEA", "CAST5", "SEED", "TripleDES")
_HAZMAT = "cryptography.hazmat"


class WeakCipher(CallRule):
    """The cipher is broken: what it encrypts can be read or changed without the key.

    RC4 leaks plaintext, DES keys are searched in hours, and ciphers with 64-bit blocks repeat after a few gigabytes (Sweet32).

    Fix: use AES-GCM or ChaCha20-Poly1305, which also notice changes.
    """

    severity = "high"
    cwe = 327
    prior = 0.8
    references = ("https://cryptography.io/en/latest/hazmat/decrepit/ciphers/",)
    triggers = (*_BROKEN, *_ALGORITHMS)
    calls = (
        frozenset(f"{package}.Cipher.{name}.new" for package in ("Crypto", "Cryptodome") for name in _BROKEN)
        | frozenset(f"{_HAZMAT}.primitives.ciphers.algorithms.{name}" for name in _ALGORITHMS)
        | frozenset(f"{_HAZMAT}.decrepit.ciphers.algorithms.{name}" for name in _ALGORITHMS)
    )
    invalid = (
        "from Crypto.Cipher import DES\ndef f(key):\n    return DES.new(key, DES.MODE_CBC, iv=iv)",
        "from Crypto.Cipher import ARC4 as rc4\ncipher = rc4.new(key)",
        "import Cryptodome.Cipher.Blowfish\nc = Cryptodome.Cipher.Blowfish.new(key, 2)",
        "from cryptography.hazmat.primitives.ciphers import Cipher, algorithms\nc = Cipher(algorithms.ARC4(key), mode=None)",
        ("from cryptography.hazmat.primitives.ciphers.algorithms import TripleDES\nclass A:\n    def f(self, key):\n"
         "        return TripleDES(key)"),
        "from cryptography.hazmat.decrepit.ciphers import algorithms as old\nalgorithm = old.RC2(key)",
        "from Crypto.Cipher.DES3 import new\nc = new(key)",
    )
    valid = (
        "from Crypto.Cipher import AES\nc = AES.new(key, AES.MODE_GCM)",
        "from cryptography.hazmat.primitives.ciphers import algorithms\na = algorithms.AES(key)",
        "from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305\nc = ChaCha20Poly1305(key)",
        "from shop import DES\ndesk = DES.new(key)",
        "class ARC4:\n    pass\nc = ARC4()",
        "from Crypto.Cipher import DES\nprint(DES.block_size)",
        "def f(DES, key):\n    return DES.new(key)",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Reports the making of such a cipher."""
        self.report(node)
