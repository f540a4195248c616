"""Settings of a web framework that open the site."""

import re

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import is_name, string_value


class FrameworkSettings(Rule):
    """A framework setting takes a protection away: any host name, no password rules, or framing by any site.

    A wrong Host header then goes into password-reset mails, users choose `1234`, other sites frame the page and steal clicks.

    Fix: name the hosts in `ALLOWED_HOSTS`, keep Django's password validators, and leave `X_FRAME_OPTIONS` at `DENY`.
    """

    severity = "medium"
    confidence = "medium"
    cwe = 16
    prior = 0.6
    triggers = ("ALLOWED_HOSTS", "AUTH_PASSWORD_VALIDATORS", "X_FRAME_OPTIONS", "xframe_options_exempt", "X-Frame-Options", "HASHERS")
    invalid = (
        "ALLOWED_HOSTS = ['*']",
        "ALLOWED_HOSTS = ['a.example', '*']",
        "AUTH_PASSWORD_VALIDATORS = []",
        "X_FRAME_OPTIONS = 'ALLOWALL'",
        "from django.views.decorators.clickjacking import xframe_options_exempt\n@xframe_options_exempt\ndef f(request): ...",
        "def f(response):\n    response.headers['X-Frame-Options'] = 'ALLOWALL'",
        "PASSWORD_HASHERS = ['django.contrib.auth.hashers.MD5PasswordHasher']",
    )
    valid = (
        "ALLOWED_HOSTS = ['a.example']",
        "ALLOWED_HOSTS = []",
        "import os\nALLOWED_HOSTS = os.environ['HOSTS'].split()",
        "AUTH_PASSWORD_VALIDATORS = [{'NAME': 'x'}]",
        "X_FRAME_OPTIONS = 'DENY'",
        "def f(response):\n    response.headers['X-Frame-Options'] = 'SAMEORIGIN'",
        "PASSWORD_HASHERS = ['django.contrib.auth.hashers.Argon2PasswordHasher', 'django.contrib.auth.hashers.MD5PasswordHasher']",
        "from mine import xframe_options_exempt\n@xframe_options_exempt\ndef f(r): ...",
    )

    def visit_Decorator(self, node: cst.Decorator) -> None:
        """Looks at views that may be framed."""
        if self.qualified_name(node.decorator) == "django.views.decorators.clickjacking.xframe_options_exempt":
            self.report(node)

    def visit_Assign(self, node: cst.Assign) -> None:
        """Looks at settings and headers."""
        match node.targets[0].target:
            case cst.Name(value=str(name)):
                wrong = self._opens(name, node.value)
            case cst.Subscript(slice=[cst.SubscriptElement(slice=cst.Index(value=key))]):
                wrong = string_value(key) == "X-Frame-Options" and (string_value(node.value) or "").upper() == "ALLOWALL"
            case _:
                wrong = False
        if wrong:
            self.report(node)

    def _opens(self, name: str, value: cst.BaseExpression) -> bool:
        items = [string_value(one.value) or "" for one in value.elements] if isinstance(value, cst.List | cst.Tuple) else None
        match name:
            case "ALLOWED_HOSTS":
                return items is not None and "*" in items
            case "AUTH_PASSWORD_VALIDATORS":
                return items == []
            case "X_FRAME_OPTIONS":
                return (string_value(value) or "").upper() == "ALLOWALL" or is_name(value, "None")
            case "PASSWORD_HASHERS":
                weak = re.compile(r"(MD5|SHA1|Unsalted\w+)PasswordHasher$")
                return bool(items) and bool(weak.search((items or [""])[0])) and "test" not in self.context.path
        return False
