"""Passwords that are only written in another way."""

import re

import libcst as cst

from analyzers.calls import CallRule

_SECRET = re.compile(r"(^|_)(password|passwd|pwd|passphrase|secret)$", re.IGNORECASE)
_NAMES = ("b64decode", "b64encode", "urlsafe_b64decode", "urlsafe_b64encode", "b32encode", "b32decode", "b16encode", "encodebytes",
          "decodebytes", "standard_b64encode", "standard_b64decode")  # fmt: skip


class EncodedPassword(CallRule):
    """A password is encoded as base64, which hides nothing: everyone can turn it back.

    What is stored or sent like this counts as clear text.

    Fix: send it over TLS as it is; keep only a hash made by argon2 or scrypt, and encrypt what must be read again.
    """

    severity = "low"
    confidence = "medium"
    cwe = 261
    prior = 0.5
    references = ("https://docs.python.org/3/library/base64.html#security-considerations",)
    triggers = ("b64", "b32", "b16", "encodebytes", "decodebytes", "codecs")
    calls = frozenset(f"base64.{name}" for name in _NAMES)
    invalid = (
        "import base64\ndef f(request):\n    password = base64.b64decode(request.form['password'])\n    return password",
        "from base64 import b64encode\ndef f(user, password):\n    user.stored = b64encode(password.encode())",
        "import base64 as b\nclass A:\n    def f(self):\n        return b.b64decode(self.db_password).decode()",
    )
    valid = (
        "import base64\ndef f(user, password):\n    return 'Basic ' + base64.b64encode(f'{user}:{password}'.encode()).decode()",
        "import base64\ndef f(data):\n    return base64.b64decode(data)",
        "import base64\ndef f(password_hash):\n    return base64.b64encode(password_hash)",
        "import base64\ndef f(encrypt, password):\n    return base64.b64encode(encrypt(password))",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks whether the argument is a password itself, perhaps turned into bytes."""
        given = node.args[0].value if node.args else None
        if isinstance(given, cst.Call) and isinstance(given.func, cst.Attribute) and given.func.attr.value == "encode":
            given = given.func.value
        if isinstance(given, cst.Call) and self.qualified_name(given.func) in ("builtins.bytes", "builtins.str") and given.args:
            given = given.args[0].value
        match given:
            case cst.Name(value=called) | cst.Attribute(attr=cst.Name(value=called)):
                pass
            case cst.Subscript(slice=[cst.SubscriptElement(slice=cst.Index(value=cst.SimpleString() as key))]):
                called = str(key.evaluated_value)
            case _:
                return
        if _SECRET.search(called):
            self.report(node)
