"""Session settings that let a cookie be taken."""

import re

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import is_name, string_value

_OFF = frozenset({"SESSION_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY", "CSRF_COOKIE_SECURE", "REMEMBER_COOKIE_SECURE",
                  "REMEMBER_COOKIE_HTTPONLY", "SECURE_SSL_REDIRECT", "SECURE_CONTENT_TYPE_NOSNIFF"})  # fmt: skip
_FOR_OTHERS = re.compile(r"default|(^|[/_])global_settings", re.IGNORECASE)


class SessionSettings(Rule):
    """A setting lets the session cookie travel in the clear or be read by scripts.

    Who has the cookie is the user, until the session ends.

    Fix: set it to True; for a local server take it from the environment.
    """

    severity = "medium"
    cwe = 614
    prior = 0.65
    references = (
        "https://flask.palletsprojects.com/en/stable/web-security/#set-cookie-options",
        "https://docs.djangoproject.com/en/stable/ref/settings/#session-cookie-secure",
    )
    triggers = ("_COOKIE_", "SECURE_")
    invalid = (
        "app.config['SESSION_COOKIE_SECURE'] = False",
        "SESSION_COOKIE_HTTPONLY = False",
        "class Config:\n    REMEMBER_COOKIE_SECURE = False",
        "app.config.update(SESSION_COOKIE_SECURE=False, NAME='x')",
        "CSRF_COOKIE_SECURE: bool = False",
        "CONFIG = {'SESSION_COOKIE_HTTPONLY': False}",
        "def f(app):\n    app.config['SECURE_SSL_REDIRECT'] = False",
    )
    valid = (
        "app.config['SESSION_COOKIE_SECURE'] = True",
        "import os\nSESSION_COOKIE_SECURE = os.environ.get('DEV') is None",
        "SESSION_COOKIE_NAME = False",
        "class TestConfig:\n    SESSION_COOKIE_SECURE = False",
        "app.config.update(SESSION_COOKIE_SECURE=True)",
        "class App:\n    default_config = Frozen({'SESSION_COOKIE_SECURE': False})",
        "CONFIG = {'SESSION_COOKIE_SAMESITE': 'Lax'}",
        "def f(settings):\n    return settings.SESSION_COOKIE_SECURE is False",
    )

    def visit_Assign(self, node: cst.Assign) -> None:
        """Looks at settings."""
        if is_name(node.value, "False"):
            self._look(node, [one.target for one in node.targets])

    def visit_AnnAssign(self, node: cst.AnnAssign) -> None:
        """The same with a type."""
        if is_name(node.value, "False"):
            self._look(node, [node.target])

    def visit_DictElement(self, node: cst.DictElement) -> None:
        """Looks at settings in a dictionary."""
        if is_name(node.value, "False") and string_value(node.key) in _OFF and not self._in_tests():
            self.report(node)

    def visit_Arg(self, node: cst.Arg) -> None:
        """Looks at settings given as keywords."""
        if node.keyword is not None and node.keyword.value in _OFF and is_name(node.value, "False") and not self._in_tests():
            self.report(node)

    def _look(self, node: cst.CSTNode, targets: list[cst.BaseAssignTargetExpression]) -> None:
        names = []
        for target in targets:
            match target:
                case cst.Name(value=str(name)):
                    names.append(name)
                case cst.Subscript(slice=[cst.SubscriptElement(slice=cst.Index(value=key))]):
                    names.append(string_value(key) or "")
        if _OFF.intersection(names) and not self._in_tests():
            self.report(node)

    def _in_tests(self) -> bool:
        """Whether no site runs with them: tests, and the defaults that a framework brings for sites to set."""
        kept = [one.targets[0].target for one in self.context.inside(cst.Assign) if isinstance(one, cst.Assign)]
        if _FOR_OTHERS.search(self.context.path) or any(isinstance(one, cst.Name) and _FOR_OTHERS.search(one.value) for one in kept):
            return True
        classes = [one for one in self.context.inside(cst.ClassDef) if isinstance(one, cst.ClassDef)]
        return any(word in one.name.value.lower() for one in classes for word in ("test", "dev", "local")) or "test" in self.context.path
