"""Passwords of Django's users, unchecked or written down."""

import libcst as cst

from analyzers.credential import is_credential
from analyzers.rule import Rule
from analyzers.syntax import string_value

_UNCHECKED = "The password is set without asking the password validators, so `123` is taken."
_EMPTY = "An empty password is set; say `set_unusable_password()` if nobody shall log in with one."
_WRITTEN = "A password is written in the code."


class DjangoPassword(Rule):
    """A user's password is set in a way that lets others guess it.

    `set_password` asks no validator, `AUTH_PASSWORD_VALIDATORS` count only where `validate_password` is called or a form of Django does.
    One that is written in the code is known to whoever reads it.

    Fix: `validate_password(password, user)` before `user.set_password(password)`; for accounts without one `set_unusable_password()`.
    """

    severity = "low"
    confidence = "medium"
    cwe = 521
    prior = 0.5
    references = ("https://docs.djangoproject.com/en/stable/topics/auth/passwords/#module-django.contrib.auth.password_validation",)
    triggers = ("set_password",)
    methods = ("set_password",)
    invalid = (
        "from django.contrib.auth.models import User\ndef f(request):\n    u = User()\n    u.set_password(request.POST['password'])",
        "from django.contrib.auth import get_user_model\ndef f(e):\n    u = get_user_model()(email=e)\n    u.set_password('')",
        "from django.contrib.auth.models import User\ndef seed(u):\n    u.set_password('tulip-44-rain')",
    )
    valid = (
        ("from django.contrib.auth.password_validation import validate_password\ndef f(request, u):\n"
         "    validate_password(request.POST['password'], u)\n    u.set_password(request.POST['password'])"),
        "import django\ndef f(form, u):\n    u.set_password(form.cleaned_data['password'])",
        "import django, secrets\ndef f(u):\n    u.set_password(secrets.token_urlsafe())",
        "def f(dialog, text):\n    dialog.set_password(text)",
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at what is set, and for a validator in the same file."""
        text = self.context.text
        if not isinstance(node.func, cst.Attribute) or len(node.args) != 1:
            return
        given = node.args[0].value
        told = string_value(given)
        if told is not None and is_credential("password", told):
            self.report(node, _WRITTEN, severity="high", secret=told)
        elif told == "" and "django" in text:
            self.report(node, _EMPTY, severity="medium")
        elif "django" in text and told is None and self._from_outside(given) and "validate_password" not in text:
            self.report(node, _UNCHECKED)

    def _from_outside(self, node: cst.BaseExpression) -> bool:
        code = self.context.module.code_for_node(node)
        return "cleaned_data" not in code and any(word in code for word in ("request.", "validated_data", "data["))
