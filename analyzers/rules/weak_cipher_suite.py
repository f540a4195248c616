"""Cipher suites that do not protect."""

import re

import libcst as cst

from analyzers.literal import text_of
from analyzers.rule import Rule

_WEAK = re.compile(r"^(ALL|COMPLEMENTOFALL|.*\b(e|a)?NULL\b.*|.*\bEXP(ORT)?\d*\b.*|.*\bRC4\b.*|.*\bLOW\b.*|.*\bADH\b.*|.*\bAECDH\b.*|"
                   r"(DES|.*-DES)-CBC3?-.*|3DES|DES|.*-MD5|MD5)$", re.IGNORECASE)  # fmt: skip


class WeakCipherSuite(Rule):
    """The list of TLS cipher suites allows some that encrypt weakly or not at all.

    Whoever sits on the line can push both ends to the weakest suite that both accept.

    Fix: leave the list to `ssl.create_default_context()`, or name strong ones: `ECDHE+AESGCM:ECDHE+CHACHA20`.
    """

    severity = "high"
    cwe = 327
    prior = 0.8
    references = ("https://www.rfc-editor.org/rfc/rfc9325.html",)
    triggers = ("set_ciphers", "set_cipher_list", "ciphers")
    methods = ("set_ciphers", "set_cipher_list")
    invalid = (
        "import ssl\nc = ssl.create_default_context()\nc.set_ciphers('RC4-SHA:AES128-SHA')",
        "import ssl\nCIPHERS = 'ALL'\ndef f(c):\n    c.set_ciphers(CIPHERS)",
        "from OpenSSL import SSL\ndef f(c):\n    c.set_cipher_list(b'EXPORT')",
        "class A:\n    def f(self):\n        self.context.set_ciphers('ECDHE+AESGCM:aNULL')",
        "def f(context):\n    context.set_ciphers('DES-CBC3-SHA')",
        "def f(context):\n    context.set_ciphers('DEFAULT:ADH')",
    )
    valid = (
        "def f(c):\n    c.set_ciphers('ECDHE+AESGCM:!aNULL:!MD5:!RC4')",
        "def f(c):\n    c.set_ciphers('DEFAULT:-DES')",
        "def f(c, ciphers):\n    c.set_ciphers(ciphers)",
        "def f(c):\n    c.set_ciphers('HIGH:!ADH')",
        "def f(c):\n    c.set_names('RC4')",
        "ciphers = ['RC4', 'AES']",
        "def f(c):\n    c.set_ciphers('ECDHE-ECDSA-AES128-GCM-SHA256')",
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at lists being set."""
        if not isinstance(node.func, cst.Attribute) or node.func.attr.value not in ("set_ciphers", "set_cipher_list") or not node.args:
            return
        value = node.args[0].value
        text = text_of(value, self.scope)
        if text is None and isinstance(value, cst.SimpleString) and isinstance(value.evaluated_value, bytes):
            text = value.evaluated_value.decode("latin-1")
        parts = re.split(r"[:, ]+", text or "")
        if any(_WEAK.match(part) for part in parts if not part.startswith(("!", "-"))):
            self.report(node)
