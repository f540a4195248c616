"""Forms that other sites can send."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import is_name, string_value

_EXEMPT = frozenset({"django.views.decorators.csrf.csrf_exempt", "flask_wtf.CSRFProtect().exempt", "flask_wtf.csrf.CSRFProtect().exempt"})
_SETTINGS = ("WTF_CSRF_ENABLED", "WTF_CSRF_CHECK_DEFAULT", "CSRF_ENABLED")


class CsrfDisabled(Rule):
    """The protection against forged requests is off, so another site can act in the name of a user who is logged in.

    The browser sends the user's cookies along with a form that a stranger's page submits.

    Fix: leave the protection on; for an endpoint of machines use a token in a header instead of cookies.
    """

    severity = "medium"
    cwe = 352
    prior = 0.65
    references = (
        "https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html",
        "https://docs.djangoproject.com/en/stable/howto/csrf/",
    )
    triggers = ("csrf", "CSRF", "AuthenticationMiddleware")
    invalid = (
        "from django.views.decorators.csrf import csrf_exempt\n@csrf_exempt\ndef pay(request): ...",
        "from django.views.decorators import csrf\n@csrf.csrf_exempt\ndef pay(request): ...",
        "app.config['WTF_CSRF_ENABLED'] = False",
        "from flask_wtf import CSRFProtect\ncsrf = CSRFProtect()\n@csrf.exempt\ndef pay(): ...",
        "class Config:\n    WTF_CSRF_ENABLED = False",
        ("from django.utils.decorators import method_decorator\nfrom django.views.decorators.csrf import csrf_exempt\n"
         "@method_decorator(csrf_exempt, name='dispatch')\nclass Pay(View): ..."),
        "from django.views.decorators.csrf import csrf_exempt as free\nview = free(handler)",
        "app.config.update(WTF_CSRF_CHECK_DEFAULT=False)",
    )
    valid = (
        ("from django.utils.decorators import method_decorator\nfrom django.views.decorators.csrf import csrf_exempt, csrf_protect\n"
         "@method_decorator(csrf_protect, name='dispatch')\nclass Pay(View): ..."),
        "from django.views.decorators.csrf import csrf_protect\n@csrf_protect\ndef pay(request): ...",
        "app.config['WTF_CSRF_ENABLED'] = True",
        "def f(flag):\n    app.config['WTF_CSRF_ENABLED'] = flag",
        "from flask_wtf import CSRFProtect\ncsrf = CSRFProtect(app)",
        "from mine import csrf_exempt\n@csrf_exempt\ndef f(): ...",
        "from django.views.decorators.csrf import csrf_exempt\nKNOWN = [csrf_exempt]",
        "class TestConfig:\n    TESTING = True\n    WTF_CSRF_ENABLED = False",
    )

    def visit_Decorator(self, node: cst.Decorator) -> None:
        """Looks at exemptions."""
        named = node.decorator
        if isinstance(named, cst.Call) and self.qualified_name(named.func) == "django.utils.decorators.method_decorator" and named.args:
            named = named.args[0].value
        if self.qualified_name(named) in _EXEMPT:
            self.report(node)

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at exemptions made by a call, and at settings given as keywords."""
        off = any(arg.keyword is not None and arg.keyword.value in _SETTINGS and is_name(arg.value, "False") for arg in node.args)
        if off or (self.qualified_name(node.func) in _EXEMPT and not isinstance(self.parent(), cst.Decorator)):
            self.report(node)

    def visit_Assign(self, node: cst.Assign) -> None:
        """Looks at settings; those of test configurations have a reason."""
        if is_name(node.value, "False") and any(_setting(one.target) in _SETTINGS for one in node.targets) and not self._in_tests():
            self.report(node)
        elif isinstance(node.value, cst.List | cst.Tuple) and any(_setting(one.target) == "MIDDLEWARE" for one in node.targets):
            listed = [string_value(one.value) or "" for one in node.value.elements]
            django = any(one == "django.contrib.auth.middleware.AuthenticationMiddleware" for one in listed)
            if django and not any("csrf" in one.lower() for one in listed) and not self._in_tests():
                self.report(node)

    def _in_tests(self) -> bool:
        classes = [one for one in self.context.inside(cst.ClassDef) if isinstance(one, cst.ClassDef)]
        return any("test" in one.name.value.lower() for one in classes) or "test" in self.context.path.lower()


def _setting(target: cst.CSTNode) -> str | None:
    match target:
        case cst.Name(value=str(name)):
            return name
        case cst.Subscript(slice=[cst.SubscriptElement(slice=cst.Index(value=key))]):
            return string_value(key)
    return None
