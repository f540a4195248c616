"""Initialisation vectors and nonces that never change."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.literal import literal_bytes
from analyzers.syntax import argument

_MODES = "cryptography.hazmat.primitives.ciphers.modes"
_AEAD = "cryptography.hazmat.primitives.ciphers.aead"
_PLACES = {
    **{f"{_MODES}.{name}": (("initialization_vector", 0), ("nonce", 0)) for name in ("CBC", "CFB", "CFB8", "OFB", "GCM", "CTR")},
    **{f"{_AEAD}.{name}().encrypt": (("nonce", 0),) for name in ("AESGCM", "AESCCM", "ChaCha20Poly1305", "AESOCB3", "AESGCMSIV")},
    **{f"{package}.Cipher.{name}.new": (("iv", 2), ("IV", 2), ("nonce", 2)) for package in ("Crypto", "Cryptodome")
       for name in ("AES", "DES3", "ChaCha20", "ChaCha20_Poly1305", "Salsa20")},
}  # fmt: skip


class StaticNonce(CallRule):
    """The initialisation vector or nonce is a constant, so equal messages look equal and keys can leak.

    In CTR and GCM mode two messages under one nonce give away their difference, and GCM even its signing key.

    Fix: make a fresh one for each message, `nonce = os.urandom(12)`, and send it along: it is no secret.
    """

    severity = "high"
    cwe = 329
    prior = 0.8
    references = ("https://cryptography.io/en/latest/hazmat/primitives/aead/",)
    triggers = ("cryptography", "Crypto")
    calls = frozenset(_PLACES)
    invalid = (
        "from cryptography.hazmat.primitives.ciphers import modes\nm = modes.CBC(b'0123456789abcdef')",
        "from cryptography.hazmat.primitives.ciphers.modes import GCM\nIV = bytes(12)\nm = GCM(initialization_vector=IV)",
        "from Crypto.Cipher import AES\nc = AES.new(key, AES.MODE_CBC, iv=b'\\0' * 16)",
        "from Crypto.Cipher import AES\nc = AES.new(key, AES.MODE_CBC, 'sixteen bytes iv'.encode())",
        ("from cryptography.hazmat.primitives.ciphers.aead import AESGCM\ndef f(key, text):\n    box = AESGCM(key)\n"
         "    return box.encrypt(b'000000000000', text, None)"),
        ("from Cryptodome.Cipher import ChaCha20 as c20\nclass A:\n    def f(self, key):\n"
         "        return c20.new(key=key, nonce=b'12345678')"),
    )
    valid = (
        "import os\nfrom cryptography.hazmat.primitives.ciphers import modes\nm = modes.CBC(os.urandom(16))",
        "from Crypto.Cipher import AES\nc = AES.new(key, AES.MODE_GCM)",
        "from Crypto.Cipher import AES\ndef f(key, iv):\n    return AES.new(key, AES.MODE_CBC, iv)",
        "from cryptography.hazmat.primitives.ciphers.aead import AESGCM\nd = AESGCM(key).decrypt(b'000000000000', text, None)",
        ("import os\nfrom cryptography.hazmat.primitives.ciphers.aead import AESGCM\nn = os.urandom(12)\n"
         "e = AESGCM(key).encrypt(n, text, None)"),
        "from game import modes\nm = modes.CBC(b'0123456789abcdef')",
        "from Crypto.Cipher import AES\ndef f(key, blob):\n    return AES.new(key, AES.MODE_CBC, blob[:16])",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at the vector or nonce."""
        given = next((value for place in _PLACES[name] if (value := argument(node, *place)) is not None), None)
        if literal_bytes(given, self.scope) is not None:
            self.report(node)
