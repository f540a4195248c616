"""SQL pasted into Django's query builder."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.literal import resolve
from analyzers.syntax import argument, descend

_PARTS = ("select", "where", "tables", "order_by")


class DjangoRawSql(CallRule):
    """SQL that is put together at run time is pasted into a query of Django's.

    `extra()` and `RawSQL` take their text as it is: a value in it is read as SQL.

    Fix: use the query builder's own expressions, or pass values in `params`.
    """

    severity = "high"
    cwe = 89
    prior = 0.8
    references = (
        "https://docs.djangoproject.com/en/stable/topics/security/#sql-injection-protection",
        "https://docs.djangoproject.com/en/stable/ref/models/querysets/#extra",
    )
    triggers = ("extra(", "RawSQL")
    methods = ("extra",)
    calls = frozenset({"django.db.models.expressions.RawSQL", "django.db.models.RawSQL"})
    invalid = (
        "def f(name):\n    return User.objects.extra(where=[f\"name = '{name}'\"])",
        "def f(name):\n    return User.objects.filter(a=1).extra(select={'n': 'x = ' + name})",
        "from django.db.models.expressions import RawSQL\ndef f(n):\n    return User.objects.annotate(v=RawSQL('select %s' % n, []))",
        "from django.db.models.expressions import RawSQL as R\ndef f(n):\n    return R(sql='select {}'.format(n), params=())",
        "class A:\n    def f(self, t):\n        return self.queryset.extra(tables=['x_' + t])",
        "def f(qs, where):\n    text = 'a = ' + where\n    return qs.objects.extra(where=[text])",
    )
    valid = (
        "def f(name):\n    return User.objects.extra(where=['name = %s'], params=[name])",
        "from django.db.models.expressions import RawSQL\ndef f(n):\n    return RawSQL('select f(%s)', (n,))",
        "def f(log, name):\n    log.extra(select=name)",
        "TABLE = 'users'\ndef f():\n    return User.objects.extra(where=[f'{TABLE}.a = 1'])",
        "def f(name):\n    return User.objects.extra(select={'n': 'a + b'}, select_params=[name])",
        "from mine import RawSQL\ndef f(n):\n    return RawSQL('a' + n)",
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at `extra` of query sets."""
        if isinstance(node.func, cst.Attribute) and node.func.attr.value == "extra":
            values = [argument(node, word) for word in _PARTS]
            if any(value is not None and self._built(value) for value in values):
                self.report(node)
        super().visit_Call(node)

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at the text of a raw expression."""
        text = argument(node, "sql", 0)
        if text is not None and self._built(text):
            self.report(node)

    def _built(self, node: cst.BaseExpression) -> bool:
        parts = [resolve(one, self.scope) if isinstance(one, cst.Name) else one for one in descend(node)]
        return any(_joins(one) and not self.is_constant(one) for one in parts)


def _joins(node: cst.CSTNode) -> bool:
    match node:
        case cst.FormattedString() | cst.BinaryOperation(operator=cst.Add() | cst.Modulo()):
            return True
        case cst.Call(func=cst.Attribute(attr=cst.Name(value="format"))):
            return True
    return False
