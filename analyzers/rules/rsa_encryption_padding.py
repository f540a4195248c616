"""RSA with the padding of 1993."""

import libcst as cst

from analyzers.blocks import last_name
from analyzers.rule import Rule

_OLD = frozenset({"cryptography.hazmat.primitives.asymmetric.padding.PKCS1v15", "Crypto.Cipher.PKCS1_v1_5.new",
                  "Cryptodome.Cipher.PKCS1_v1_5.new"})  # fmt: skip


class RsaEncryptionPadding(Rule):
    """RSA encrypts with PKCS #1 v1.5 padding: from how errors are answered an attacker finds out the text, query by query.

    It has been so since Bleichenbacher's attack of 1998; the same padding is still fine for signatures.

    Fix: `padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)`.
    """

    severity = "medium"
    cwe = 780
    prior = 0.8
    references = ("https://www.rfc-editor.org/rfc/rfc8017.html#section-7.2",)
    triggers = ("PKCS1v15", "PKCS1_v1_5")
    invalid = (
        ("from cryptography.hazmat.primitives.asymmetric import padding\ndef f(key, data):\n"
         "    return key.encrypt(data, padding.PKCS1v15())"),
        "from Crypto.Cipher import PKCS1_v1_5\ndef f(key):\n    return PKCS1_v1_5.new(key)",
        "from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15 as P\ndef f(key, data):\n    return key.decrypt(data, P())",
    )
    valid = (
        ("from cryptography.hazmat.primitives.asymmetric import padding\ndef f(key, data, h):\n"
         "    return key.sign(data, padding.PKCS1v15(), h)"),
        "from Crypto.Signature import PKCS1_v1_5\ndef f(key):\n    return PKCS1_v1_5.new(key)",
        "from Crypto.Cipher import PKCS1_OAEP\ndef f(key):\n    return PKCS1_OAEP.new(key)  # not PKCS1_v1_5",
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at what encrypts with it."""
        if last_name(node.func) not in ("encrypt", "decrypt", "new"):
            return
        made = [node, *(arg.value for arg in node.args if isinstance(arg.value, cst.Call))]
        if any(self.qualified_name(one.func) in _OLD for one in made):
            self.report(node)
