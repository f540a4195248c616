"""Secrets inside tokens."""

import re

import libcst as cst

from analyzers.calls import CallRule
from analyzers.literal import resolve
from analyzers.syntax import argument, string_value

_SECRET = re.compile(r"(^|_)(password|passwd|pwd|passphrase|secret|api_?key|private_key|credit_card|card_number|ssn|pin)$", re.IGNORECASE)


class JwtCredentialClaim(CallRule):
    """A password or key is put into a token, which anybody who holds it can read: a JWT is signed, not encrypted.

    Its middle part is base64; browsers, logs and proxies all see it.

    Fix: put in an identifier and look the rest up on the server.
    """

    severity = "high"
    confidence = "medium"
    cwe = 522
    prior = 0.85
    references = ("https://www.rfc-editor.org/rfc/rfc7519.html#section-12",)
    triggers = ("jwt", "jose")
    calls = frozenset({"jwt.encode", "jose.jwt.encode", "jwt.PyJWT().encode", "authlib.jose.jwt.encode"})
    invalid = (
        "import jwt\ndef f(user, key):\n    return jwt.encode({'sub': user.id, 'password': user.password}, key, algorithm='HS256')",
        "from jose import jwt\ndef f(user, key):\n    claims = {'api_key': user.key}\n    return jwt.encode(claims, key)",
        "import jwt\ndef f(u, k):\n    return jwt.encode(payload=dict(sub=u.id, secret=u.s), key=k)",
    )
    valid = (
        "import jwt\ndef f(user, key):\n    return jwt.encode({'sub': user.id}, key, algorithm='HS256')",
        "import jwt\ndef f(user, key):\n    return jwt.encode({'password_changed': user.at}, key)",
        "import jwt\ndef f(claims, key):\n    return jwt.encode(claims, key)",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at the names of the claims."""
        claims = argument(node, "payload", 1 if name.startswith("authlib") else 0) or argument(node, "claims", 0)
        given = None if claims is None else resolve(claims, self.scope)
        names: list[str] = []
        if isinstance(given, cst.Dict):
            names = [string_value(one.key) or "" for one in given.elements if isinstance(one, cst.DictElement)]
        elif isinstance(given, cst.Call):
            names = [arg.keyword.value for arg in given.args if arg.keyword is not None]
        if any(_SECRET.search(one) for one in names):
            self.report(node)
