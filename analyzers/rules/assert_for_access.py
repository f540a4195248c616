"""Access checked by assertions."""

import re

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import descend

_RIGHTS = re.compile(r"^(is_admin|is_staff|is_superuser|is_authenticated|is_owner|has_perm|has_permission|has_role|can_\w+|authorized|"
                     r"is_authorized|check_password|permission|permissions|csrf_token|is_valid_token|role)$")  # fmt: skip


class AssertForAccess(Rule):
    """Who may do this is checked by an assertion, which `python -O` takes out of the program.

    With optimisation on, the check is gone and everybody may.

    Fix: `if not user.is_admin: raise PermissionError`.
    """

    severity = "medium"
    cwe = 617
    prior = 0.75
    references = ("https://docs.python.org/3/reference/simple_stmts.html#the-assert-statement",)
    triggers = ("assert ",)
    invalid = (
        "def f(user):\n    assert user.is_admin\n    delete()",
        "def f(request):\n    assert request.user.has_perm('x'), 'no'",
        "class A:\n    def f(self):\n        assert self.user.is_authenticated and self.x",
        "def f(token, t):\n    assert is_valid_token(t)",
        "async def f(user):\n    assert not user or user.role == 'admin'",
        "def f(user, pw):\n    assert user.check_password(pw)",
    )
    valid = (
        "def test_f(user):\n    assert user.is_admin",
        "def f(user):\n    if not user.is_admin:\n        raise PermissionError  # no assert here",
        "def f(x):\n    assert x > 0",
        "def f(user):\n    assert user is not None",
        "def f(admin):\n    assert admin.name == 'a'",
        "class TestA:\n    def check(self, user):\n        assert user.is_staff",
    )

    def visit_Assert(self, node: cst.Assert) -> None:
        """Looks for words of rights, outside tests."""
        around = self.context.inside((cst.FunctionDef, cst.ClassDef))
        names = [one.name.value for one in around if isinstance(one, cst.FunctionDef | cst.ClassDef)]
        if any("test" in name.lower() for name in names) or "test" in self.context.path or not names:
            return
        if any(_is_right(one) for one in descend(node.test)):
            self.report(node)


def _is_right(node: cst.CSTNode) -> bool:
    if isinstance(node, cst.Attribute):
        return bool(_RIGHTS.match(node.attr.value))
    return isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and bool(_RIGHTS.match(node.func.value))
