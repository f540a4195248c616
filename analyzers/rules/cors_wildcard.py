"""Answers that every site may read."""

import libcst as cst

from analyzers.blocks import last_name
from analyzers.calls import CallRule
from analyzers.literal import resolve
from analyzers.syntax import argument, is_name, string_value

_HEADER = "access-control-allow-origin"
_SETTINGS = ("CORS_ALLOW_ALL_ORIGINS", "CORS_ORIGIN_ALLOW_ALL")


class CorsWildcard(CallRule):
    """Every site may read the answers with the user's credentials or from any origin.

    A page of a stranger that the user visits can then fetch what only the user should see.

    Fix: name the origins that need it, `CORS(app, origins=["https://app.example.org"])`.
    """

    severity = "medium"
    cwe = 942
    prior = 0.65
    references = ("https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/CORS",)
    triggers = ("CORS", "Access-Control", "access-control", "cross_origin")
    methods = ("add", "set", "setdefault", "send_header", "set_header", "add_header")
    calls = frozenset({"flask_cors.CORS", "flask_cors.cross_origin", "fastapi.FastAPI().add_middleware",
                       "starlette.applications.Starlette().add_middleware"})  # fmt: skip
    invalid = (
        "from flask_cors import CORS\nCORS(app, origins='*', supports_credentials=True)",
        "from flask_cors import CORS\nCORS(app, resources={r'/*': {'origins': '*'}})",
        "def f(response):\n    response.headers['Access-Control-Allow-Origin'] = '*'",
        ("from fastapi import FastAPI\nfrom fastapi.middleware.cors import CORSMiddleware\napp = FastAPI()\n"
         "app.add_middleware(CORSMiddleware, allow_origins=['*'], allow_credentials=True)"),
        "CORS_ALLOW_ALL_ORIGINS = True",
        "from flask_cors import cross_origin\n@cross_origin(origins=['*'])\ndef f(): ...",
        "def f(response):\n    response.headers.add('Access-Control-Allow-Origin', '*')",
    )
    valid = (
        "from flask_cors import CORS\nCORS(app, origins=['https://a.example'])",
        "def f(response):\n    response.headers['Access-Control-Allow-Origin'] = 'https://a.example'",
        "def f(response):\n    response.headers['Access-Control-Allow-Methods'] = '*'",
        ("from fastapi import FastAPI\nfrom fastapi.middleware.cors import CORSMiddleware\napp = FastAPI()\n"
         "app.add_middleware(CORSMiddleware, allow_origins=['https://a.example'], allow_credentials=True)"),
        "CORS_ALLOW_ALL_ORIGINS = False",
        "def f(app, origins):\n    from flask_cors import CORS\n    CORS(app, origins=origins)",
        "from mine import CORS\nCORS(app, origins='*')",
        "def f(response):\n    return response.headers['Access-Control-Allow-Origin'] == '*'",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at the origins of an extension or middleware."""
        origins = argument(node, "origins") or argument(node, "allow_origins")
        resources = argument(node, "resources")
        found = None if resources is None else resolve(resources, self.scope)
        pairs = [one.value for one in found.elements if isinstance(one, cst.DictElement)] if isinstance(found, cst.Dict) else []
        inner = [e.value for one in pairs if isinstance(one, cst.Dict) for e in one.elements
                 if isinstance(e, cst.DictElement) and string_value(e.key) == "origins"]  # fmt: skip
        if any(_is_star(one) for one in (origins, *inner)):
            self.report(node)

    def visit_Call(self, node: cst.Call) -> None:
        """Also looks at headers set by a call."""
        if last_name(node.func) in ("add", "set", "setdefault", "send_header", "set_header", "add_header") and len(node.args) >= 2:
            header, value = node.args[0].value, node.args[1].value
            if (string_value(header) or "").lower() == _HEADER and _is_star(value):
                self.report(node)
        super().visit_Call(node)

    def visit_Assign(self, node: cst.Assign) -> None:
        """Looks at headers and settings."""
        match node.targets[0].target:
            case cst.Subscript(slice=[cst.SubscriptElement(slice=cst.Index(value=key))]):
                if (string_value(key) or "").lower() == _HEADER and _is_star(node.value):
                    self.report(node)
            case cst.Name(value=str(name)) if name in _SETTINGS and is_name(node.value, "True"):
                self.report(node)


def _is_star(node: cst.BaseExpression | None) -> bool:
    if isinstance(node, cst.List | cst.Tuple | cst.Set):
        return any(string_value(one.value) == "*" for one in node.elements)
    return string_value(node) == "*"
