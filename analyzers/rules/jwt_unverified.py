"""Tokens that are believed unchecked."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.literal import resolve
from analyzers.syntax import argument, is_name, string_value

_NO_CHECK = ("verify_signature",)


_NO_END = "The token's end is not checked: one that was stolen years ago still opens the door."


class JwtUnverified(CallRule):
    """The token's signature is not checked, so anybody can write a token that says anything.

    A JWT is only text with a signature; without the check its claims are the client's own word.

    Fix: call `jwt.decode(token, key, algorithms=["HS256"])` with the one algorithm that you issue.
    """

    severity = "high"
    cwe = 347
    prior = 0.85
    references = ("https://www.rfc-editor.org/rfc/rfc8725.html",)
    triggers = ("jwt", "jose")
    calls = frozenset({"jwt.decode", "jwt.PyJWT().decode", "jose.jwt.decode", "jose.jwt.get_unverified_claims", "jwt.api_jwt.decode"})
    invalid = (
        "import jwt\nclaims = jwt.decode(token, options={'verify_signature': False})",
        "from jwt import decode\nclaims = decode(token, key, verify=False)",
        "import jwt\nclaims = jwt.decode(token, key, algorithms=['none'])",
        "import jwt as j\nOPTIONS = {'verify_signature': False, 'verify_exp': True}\ndef f(t):\n    return j.decode(t, options=OPTIONS)",
        "from jose import jwt\nclass A:\n    def who(self, token):\n        return jwt.get_unverified_claims(token)['sub']",
        "import jwt\nclaims = jwt.decode(token, key, algorithms=['HS256', 'None'])",
        "import jwt\nclaims = jwt.decode(token, options=dict(verify_signature=False))",
    )
    valid = (
        "import jwt\nclaims = jwt.decode(token, key, algorithms=['HS256'])",
        "import jwt\nclaims = jwt.decode(token, key, algorithms=['RS256'], options={'verify_aud': False})",
        "import jwt\nhead = jwt.get_unverified_header(token)",
        "import jwt\nclaims = jwt.decode(token, key, ['HS256'], options={'verify_signature': True})",
        "def f(jwt, t):\n    return jwt.decode(t, verify=False)",
        "from codec import decode\ntext = decode(token, verify=False)",
        "import jwt\ndef f(t, options):\n    return jwt.decode(t, key, algorithms=['HS256'], options=options)",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at the options and algorithms."""
        off = self.is_false(argument(node, "verify", 2)) or self._off(argument(node, "options", 3))
        if name.endswith("get_unverified_claims") or off or self._none(argument(node, "algorithms", 2)):
            self.report(node)
        elif self._off(argument(node, "options", 3), ("verify_exp",)):
            self.report(node, _NO_END, severity="medium")

    def _off(self, options: cst.BaseExpression | None, words: tuple[str, ...] = _NO_CHECK) -> bool:
        match None if options is None else resolve(options, self.scope):
            case cst.Dict(elements=elements):
                pairs = [one for one in elements if isinstance(one, cst.DictElement)]
                return any(string_value(one.key) in words and is_name(one.value, "False") for one in pairs)
            case cst.Call(func=cst.Name(value="dict")) as made:
                return any(is_name(argument(made, word), "False") for word in words)
        return False

    def _none(self, algorithms: cst.BaseExpression | None) -> bool:
        found = None if algorithms is None else resolve(algorithms, self.scope)
        listed = found.elements if isinstance(found, cst.List | cst.Tuple) else []
        return any((string_value(one.value) or "").lower() == "none" for one in listed)
