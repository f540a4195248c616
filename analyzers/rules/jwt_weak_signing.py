"""Tokens signed with nothing, or with a key that is in the source."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.literal import literal_bytes
from analyzers.syntax import argument


class JwtWeakSigning(CallRule):
    """The token is signed with no algorithm, or with a key that is written in the source.

    Who reads the code, or leaves the signature out, can issue tokens in anybody's name.

    Fix: take the key from a secret store, and name a real algorithm: `jwt.encode(claims, key, algorithm="HS256")`.
    """

    severity = "high"
    cwe = 321
    prior = 0.8
    references = ("https://www.rfc-editor.org/rfc/rfc8725.html",)
    triggers = ("jwt",)
    calls = frozenset({"jwt.encode", "jose.jwt.encode", "jwt.PyJWT().encode"})
    invalid = (
        "import jwt\nt = jwt.encode(claims, None, algorithm='none')",
        "import jwt\nt = jwt.encode(claims, 'tulips and rain', algorithm='HS256')",
        "from jwt import encode as sign\nKEY = 'tulips and rain'\ndef f(c):\n    return sign(c, KEY)",
        "from jose import jwt\nt = jwt.encode(claims, key='tulips', algorithm='HS256')",
        "import jwt\nclass A:\n    def f(self, c):\n        return jwt.encode(c, b'tulips and rain', 'HS512')",
        "import jwt\nt = jwt.encode(payload=claims, key='', algorithm='None')",
    )
    valid = (
        "import jwt, os\nt = jwt.encode(claims, os.environ['KEY'], algorithm='HS256')",
        "import jwt\ndef f(claims, key):\n    return jwt.encode(claims, key, algorithm='HS256')",
        "import jwt\nt = jwt.encode(claims, settings.key, algorithm='RS256')",
        "from codec import encode\nt = encode(claims, 'utf-8')",
        "def f(jwt, c):\n    return jwt.encode(c, 'key')",
        "import jwt\nwith open('key.pem') as file:\n    key = file.read()\nt = jwt.encode(claims, key, 'ES256')",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at key and algorithm."""
        algorithm = self.text(argument(node, "algorithm", 2)) or ""
        if algorithm.lower() == "none" or literal_bytes(argument(node, "key", 1), self.scope):
            self.report(node)
