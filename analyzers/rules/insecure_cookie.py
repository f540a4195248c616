"""Cookies that scripts or plain HTTP can take."""

import re

import libcst as cst

from analyzers.blocks import last_name
from analyzers.calls import CallRule
from analyzers.syntax import argument, has_double_star, is_name

_SESSION = re.compile(r"(^|[_.-])(session|sess|sid|sessionid|auth|token|jwt|access_token|refresh_token|remember)($|[_.-])", re.IGNORECASE)


class InsecureCookie(CallRule):
    """A session cookie is set without `secure` or `httponly`, so plain HTTP or a script on the page can take it.

    Who has the cookie is the user, until it ends.

    Fix: `response.set_cookie(name, value, secure=True, httponly=True, samesite="Lax")`.
    """

    severity = "medium"
    cwe = 614
    prior = 0.75
    references = ("https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Set-Cookie",)
    triggers = ("set_cookie", "SimpleCookie")
    methods = ("set_cookie",)
    invalid = (
        "def f(response, sid):\n    response.set_cookie('session', sid)",
        "def f(response, sid):\n    response.set_cookie('session_id', sid, secure=True)",
        "def f(r, t):\n    r.set_cookie(key='auth', value=t, httponly=True, secure=False)",
        ("from flask import make_response\ndef f(v):\n    r = make_response('x')\n    r.set_cookie('theme', v, secure=False)\n"
         "    return r"),
        "class A:\n    def f(self):\n        self.response.set_cookie('access_token', self.t, httponly=False)",
        "NAME = 'sid'\ndef f(resp, v):\n    resp.set_cookie(NAME, v, max_age=60)",
    )
    valid = (
        "def f(r, sid):\n    r.set_cookie('session', sid, secure=True, httponly=True)",
        "def f(r, theme):\n    r.set_cookie('theme', theme)",
        "def f(r, sid, **flags):\n    r.set_cookie('session', sid, **flags)",
        "def f(r, sid, safe):\n    r.set_cookie('session', sid, secure=safe, httponly=True)",
        "def f(r):\n    r.delete_cookie('session')",
        "def f(jar, name, value):\n    jar.set_cookie(name, value)",
        "def f(r):\n    r.set_cookie('session', '', max_age=0, secure=True, httponly=True)",
    )

    def visit_Assign(self, node: cst.Assign) -> None:
        """Looks at flags of a `SimpleCookie`'s morsel being taken away."""
        match node.targets[0].target:
            case cst.Subscript(
                value=cst.Subscript(value=jar), slice=[cst.SubscriptElement(slice=cst.Index(value=cst.SimpleString() as key))]
            ):
                made = self.qualified_name(jar) in ("http.cookies.SimpleCookie()", "Cookie.SimpleCookie()")
                if made and key.evaluated_value in ("secure", "httponly") and is_name(node.value, "False"):
                    self.report(node)

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at cookies being set."""
        if not isinstance(node.func, cst.Attribute) or last_name(node.func) != "set_cookie" or has_double_star(node):
            return
        flags = [argument(node, word) for word in ("secure", "httponly")]
        off = any(is_name(flag, "False") for flag in flags)
        if off or (None in flags and _SESSION.search(self.text(argument(node, "key", 0)) or "")):
            self.report(node)
