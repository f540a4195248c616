"""Settings of a web framework that open the site."""

import re

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import is_name, string_value

_OWN_MACHINE = re.compile(r"(^|[/_.])(dev|devel|development|local|test|tests|testing|ci)([/_.]|$)")
_FOR_OTHERS = re.compile(r"(^|[/_])(global|default)_settings\.py$")
"""The defaults of a framework, which every site replaces."""


class FrameworkSettings(Rule):
    """A framework setting takes a protection away: any host name, debug pages, no password rules, or framing by any site.

    A wrong Host header then goes into password-reset mails, users choose `1234`, other sites frame the page and steal clicks.

    Fix: name the hosts in `ALLOWED_HOSTS`, keep Django's password validators, and leave `X_FRAME_OPTIONS` at `DENY`.
    """

    severity = "medium"
    confidence = "medium"
    cwe = 16
    prior = 0.6
    references = ("https://docs.djangoproject.com/en/stable/howto/deployment/checklist/",)
    triggers = ("DEBUG", "ALLOWED_HOSTS",
                "AUTH_PASSWORD_VALIDATORS", "X_FRAME_OPTIONS", "xframe_options_exempt", "X-Frame-Options", "HASHERS")  # fmt: skip
    invalid = (
        "DEBUG = True\nINSTALLED_APPS = ['django.contrib.auth']",
        "ALLOWED_HOSTS = ['*']",
        "ALLOWED_HOSTS = ['a.example', '*']",
        "AUTH_PASSWORD_VALIDATORS = []",
        "X_FRAME_OPTIONS = 'ALLOWALL'",
        "from django.views.decorators.clickjacking import xframe_options_exempt\n@xframe_options_exempt\ndef f(request): ...",
        "def f(response):\n    response.headers['X-Frame-Options'] = 'ALLOWALL'",
        "PASSWORD_HASHERS = ['django.contrib.auth.hashers.MD5PasswordHasher']",
    )
    valid = (
        "import os\nDEBUG = os.environ.get('DEBUG') == '1'\nINSTALLED_APPS = ['django.contrib.auth']",
        "DEBUG = True\nif DEBUG:\n    print('no settings of Django')",
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
        if wrong and not _FOR_OTHERS.search(self.context.path):
            self.report(node)
        elif is_name(node.targets[0].target, "DEBUG") and is_name(node.value, "True") and self._is_django():
            told = "Django's debug pages are on in these settings: an error shows source, settings and variables to every visitor."
            self.report(node, told)

    def _is_django(self) -> bool:
        """Whether these are the settings of a Django site, and not those of a developer's machine."""
        names = ("INSTALLED_APPS", "MIDDLEWARE", "ROOT_URLCONF")
        return any(self.scope.bindings(one) for one in names) and not _OWN_MACHINE.search(self.context.path)

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
