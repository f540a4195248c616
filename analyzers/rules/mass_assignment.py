"""Objects filled with whatever the request holds."""

import re

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import string_value

_REQUEST = re.compile(r"^(flask\.request\.(json|form|args|values|get_json\(\))(\.to_dict\(\))?)$")
_LOCAL = re.compile(r"^(self\.)?request\.(json|form|POST|data|GET|args|get_json\(\)|POST\.dict\(\)|form\.to_dict\(\))$")


class MassAssignment(Rule):
    """An object is filled with every field of the request, also those that no form shows.

    A user who adds `is_admin=true` to the request gets it. Forms of all fields (`__all__`) show what they take, so they are
    medium: a field that is added later is open to everybody who sees the form.

    Fix: take the fields by name, or list them: `fields = ["name", "mail"]`.
    """

    severity = "high"
    confidence = "medium"
    cwe = 915
    prior = 0.7
    references = ("https://cheatsheetseries.owasp.org/cheatsheets/Mass_Assignment_Cheat_Sheet.html",)
    triggers = ("request", "__all__", "exclude")
    invalid = (
        "from flask import request\ndef f():\n    return User(**request.json)",
        "def f(request):\n    return User.objects.create(**request.POST.dict())",
        "from flask import request\ndef f(user):\n    for key, value in request.form.items():\n        setattr(user, key, value)",
        "class UserForm(ModelForm):\n    class Meta:\n        model = User\n        fields = '__all__'",
        "from flask import request as r\ndef f():\n    return Account(**r.get_json())",
        "class A:\n    def post(self, request):\n        User.objects.filter(id=1).update(**request.data)",
        "def f(request, user):\n    for k in request.POST:\n        setattr(user, k, request.POST[k])",
    )
    valid = (
        "from flask import request\ndef f():\n    return User(name=request.json['name'])",
        "class UserForm(ModelForm):\n    class Meta:\n        fields = ['name']",
        "def f(options):\n    return User(**options)",
        "__all__ = ['User']",
        "def f(user, allowed, request):\n    for key in allowed:\n        setattr(user, key, request.POST[key])",
        "from flask import request\ndef f():\n    return render(**request.json)",
        "class Table:\n    fields = '__all__'",
        ("from flask import request\ndef f(user):\n    for k, v in request.form.items():\n        if k in ALLOWED:\n"
         "            setattr(user, k, v)"),
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at classes and writes that get the whole request."""
        if any(arg.star == "**" and self._is_request(arg.value) for arg in node.args) and _makes(node.func):
            self.report(node)

    def visit_For(self, node: cst.For) -> None:
        """Looks at a loop that copies every field."""
        over = node.iter.func.value if isinstance(node.iter, cst.Call) and isinstance(node.iter.func, cst.Attribute) else node.iter
        if not self._is_request(over) or len(node.body.body) != 1:
            return
        match node.body.body[0]:
            case cst.SimpleStatementLine(body=[cst.Expr(value=cst.Call(func=cst.Name(value="setattr")))]):
                self.report(node)

    def visit_Assign(self, node: cst.Assign) -> None:
        """Looks at forms and serialisers of every field."""
        match node.targets[0].target:
            case cst.Name(value="fields") if string_value(node.value) == "__all__":
                classes = [one for one in self.context.inside(cst.ClassDef) if isinstance(one, cst.ClassDef)]
                if classes and classes[0].name.value == "Meta":
                    told = "The form takes every field of the model, also those that are added to it later."
                    self.report(node, told, severity="medium")

    def _is_request(self, node: cst.BaseExpression) -> bool:
        return bool(_REQUEST.match(self.qualified_name(node) or "") or _LOCAL.match(_written(node)))


def _makes(func: cst.BaseExpression) -> bool:
    last = func.attr.value if isinstance(func, cst.Attribute) else func.value if isinstance(func, cst.Name) else ""
    return last in ("create", "update", "insert_one", "update_or_create", "get_or_create") or last[:1].isupper()


def _written(node: cst.CSTNode) -> str:
    match node:
        case cst.Name(value=str(name)):
            return name
        case cst.Attribute(value=owner, attr=cst.Name(value=str(name))):
            return f"{_written(owner)}.{name}"
        case cst.Call(func=func):
            return f"{_written(func)}()"
    return ""
