"""Block ciphers used block by block."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.syntax import argument

_PACKAGES = ("Crypto.Cipher", "Cryptodome.Cipher")
_CIPHERS = ("AES", "DES", "DES3", "Blowfish", "CAST", "ARC2")
_MODE = "cryptography.hazmat.primitives.ciphers.modes.ECB"


class EcbMode(CallRule):
    """Equal blocks give equal ciphertext in ECB mode, so patterns of the text stay visible.

    An attacker can also move, repeat and drop blocks without knowing the key.

    Fix: use an authenticated mode, e.g. `AES.MODE_GCM` or `AESGCM`, with a fresh nonce for each message.
    """

    severity = "high"
    cwe = 327
    prior = 0.85
    references = (
        "https://cryptography.io/en/latest/hazmat/primitives/symmetric-encryption/#cryptography.hazmat.primitives.ciphers.modes.ECB",
    )
    triggers = ("ECB",)
    calls = frozenset({_MODE}) | frozenset(f"{package}.{name}.new" for package in _PACKAGES for name in _CIPHERS)
    invalid = (
        "from Crypto.Cipher import AES\nc = AES.new(key, AES.MODE_ECB)",
        "from Crypto.Cipher import AES\nc = AES.new(key=key, mode=AES.MODE_ECB)",
        "from Cryptodome.Cipher.AES import new, MODE_ECB\nc = new(key, MODE_ECB)",
        "from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes\nc = Cipher(algorithms.AES(key), modes.ECB())",
        "from cryptography.hazmat.primitives.ciphers.modes import ECB as M\nclass A:\n    def f(self):\n        return M()",
        "from Crypto.Cipher import AES\nmode = AES.MODE_ECB\ndef f(key):\n    return AES.new(key, mode)",
    )
    valid = (
        "from Crypto.Cipher import AES\nc = AES.new(key, AES.MODE_GCM)  # not ECB",
        "from Crypto.Cipher import AES\nc = AES.new(key, AES.MODE_CBC, iv)\nECB = 1",
        "from cryptography.hazmat.primitives.ciphers import modes\nm = modes.CTR(nonce)  # ECB is out",
        "ECB = 'European Central Bank'\nprint(ECB)",
        "from bank import ECB\nrate = ECB()",
        "from Crypto.Cipher import AES\nFORBIDDEN = [AES.MODE_ECB]",
        "from Crypto.Cipher import AES\ndef f(key, mode):\n    assert mode != AES.MODE_ECB\n    return AES.new(key, mode)",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at the mode that a cipher gets."""
        mode = argument(node, "mode", 1)
        if name == _MODE or (mode is not None and (self.qualified_name(mode) or "").endswith(".MODE_ECB")):
            self.report(node)
