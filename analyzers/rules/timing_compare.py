"""Signatures compared byte by byte."""

import re

import libcst as cst

from analyzers.calls import CallRule
from analyzers.literal import resolve
from analyzers.syntax import string_value

_MAKERS = re.compile(r"^(hmac\.(new|HMAC)\(\)\.(hexdigest|digest)\(\)|hmac\.digest\(\))$")
_NAMES = re.compile(r"(^|_)(signature|hmac|mac_digest|csrf_token|api_token|session_token|auth_tag)$")
_KEPT = re.compile(r"(^|_)(token|secret|api_?key)$", re.IGNORECASE)
_EXPECTED = re.compile(r"(^|_)(expected|computed|calculated|real|own|good|correct|generated|secret|stored)_")
_SECRET = re.compile(r"(^|_)(TOKEN|SECRET|PASSWORD|API_?KEY)$", re.IGNORECASE)


class TimingCompare(CallRule):
    """A signature is compared with `==`, which stops at the first wrong byte: the time it takes gives the right one away.

    An attacker who measures many tries finds a valid signature one byte after the other.

    Fix: compare with `hmac.compare_digest(expected, given)`.
    """

    severity = "medium"
    confidence = "medium"
    cwe = 208
    prior = 0.75
    references = ("https://docs.python.org/3/library/hmac.html#hmac.compare_digest",)
    triggers = ("hmac", "request", "signature", "_token", "digest", "environ", "getenv")
    invalid = (
        "import hmac\ndef f(key, body, given):\n    return hmac.new(key, body, 'sha256').hexdigest() == given",
        ("import hmac\ndef f(key, body, given):\n    mine = hmac.new(key, body, 'sha256').digest()\n    if given != mine:\n"
         "        raise ValueError"),
        "from hmac import digest\ndef f(key, body, given):\n    return given == digest(key, body, 'sha256')",
        "def f(signature, expected_signature):\n    return signature == expected_signature",
        "class A:\n    def ok(self, given):\n        return given.csrf_token == self.expected_csrf_token",
        "import os\ndef f(given):\n    return given == os.environ['API_TOKEN']",
        "class Gate:\n    def ok(self, request):\n        return request.headers.get('X-Token') == self.api_token",
        "import hmac as h\ndef f(k, b, g):\n    mac = h.new(k, b, 'sha1')\n    return mac.hexdigest() == g",
    )
    valid = (
        "import os\ndef f(mode):\n    return mode == os.environ['MODE']",
        "import hmac\ndef f(key, body, given):\n    return hmac.compare_digest(hmac.new(key, body, 'sha256').hexdigest(), given)",
        "def f(signature):\n    return signature == ''",
        "import inspect\ndef f(a, b):\n    return inspect.signature(a) == inspect.signature(b)",
        "import hashlib\ndef f(data, checksum):\n    return hashlib.sha256(data).hexdigest() == checksum",
        "def f(signature, other):\n    return signature == other.signature",
        "def f(signature):\n    return len(signature) == 64",
        "import hmac\ndef f(key, body):\n    return hmac.new(key, body, 'sha256').digest_size == 32",
        "def f(expected_signature):\n    return expected_signature == None",
    )

    def visit_Comparison(self, node: cst.Comparison) -> None:
        """Looks at both sides of an equality."""
        if len(node.comparisons) != 1 or not isinstance(node.comparisons[0].operator, cst.Equal | cst.NotEqual):
            return
        sides = (node.left, node.comparisons[0].comparator)
        if any(self._trivial(one) for one in sides):
            return
        made = any(_MAKERS.match(self.qualified_name(one) or "") or self._kept_secret(one) for one in sides)
        if made or self._given_token(*sides) or _secret_pair(*sides):
            self.report(node)

    def _given_token(self, *sides: cst.BaseExpression) -> bool:
        """Whether a token that is kept is compared with what a request says."""
        kept = [one for one in sides if _KEPT.search(_last(one))]
        written = [self.context.module.code_for_node(one) for one in sides]
        return bool(kept) and any("request." in one and ("headers" in one or "args" in one or "form" in one) for one in written)

    def _kept_secret(self, node: cst.BaseExpression) -> bool:
        """Whether it is a variable of the environment that is named as a token or password is."""
        match node:
            case cst.Subscript(value=owner, slice=[cst.SubscriptElement(slice=cst.Index(value=key))]):
                kept = self.qualified_name(owner) == "os.environ"
            case cst.Call(func=func, args=[cst.Arg(value=key), *_]):
                kept = self.qualified_name(func) in ("os.environ.get", "os.getenv")
            case _:
                return False
        return kept and bool(_SECRET.search(string_value(key) or ""))

    def _trivial(self, node: cst.BaseExpression) -> bool:
        return string_value(resolve(node, self.scope)) is not None or isinstance(node, cst.Integer) or self.is_constant(node)


def _secret_pair(left: cst.BaseExpression, right: cst.BaseExpression) -> bool:
    names = [_last(left), _last(right)]
    return all(_NAMES.search(name) for name in names) and any(_EXPECTED.search(name) for name in names)


def _last(node: cst.BaseExpression) -> str:
    last = node.attr if isinstance(node, cst.Attribute) else node
    return last.value if isinstance(last, cst.Name) else ""
