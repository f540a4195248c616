"""SQL pasted into Django's query builder."""

from collections.abc import Iterator

import libcst as cst

from analyzers.calls import CallRule
from analyzers.literal import resolve
from analyzers.statement import names_only, pieces
from analyzers.syntax import argument

_PARTS = ("select", "where", "tables", "order_by")
_NAMES = "Names in this SQL are pasted in from strings; they cannot be parameters, so choose them from a fixed list or quote them."


class DjangoRawSql(CallRule):
    """SQL that is put together at run time is pasted into a query of Django's.

    `extra()` and `RawSQL` take their text as it is: a value in it is read as SQL. Where only names of tables and columns are
    pasted in, the severity is medium: names cannot be parameters.

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
        ("from django.db.models.expressions import RawSQL\ndef f(q):\n    sql, params = q.as_sql()\n"
         "    return RawSQL('SELECT * FROM (%s) x' % sql, params)"),
        "def f(qs, c, t):\n    qn = c.ops.quote_name\n    return qs.extra(select={'v_%s' % t: '%s.%s' % (qn(t), qn('a'))})",
        "from mine import RawSQL\ndef f(n):\n    return RawSQL('a' + n)",
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at `extra` of query sets."""
        if isinstance(node.func, cst.Attribute) and node.func.attr.value == "extra":
            self._check(node, [argument(node, word) for word in _PARTS])
        super().visit_Call(node)

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at the text of a raw expression."""
        if not self._is_composed(argument(node, "params", 1)):
            self._check(node, [argument(node, "sql", 0)])

    def _check(self, node: cst.Call, texts: list[cst.BaseExpression | None]) -> None:
        built = [one for text in texts if text is not None for one in self._built(text)]
        if built:
            named = all(names_only(pieces(one, self.scope), "", self.is_constant) for one in built)
            self.report(node, _NAMES if named else "", severity="medium" if named else None)

    def _built(self, node: cst.BaseExpression) -> list[cst.BaseExpression]:
        parts = [resolve(one, self.scope) if isinstance(one, cst.Name) else one for one in _texts(node)]
        return [one for one in parts if _joins(one) and not self.is_constant(one)]

    def _is_composed(self, params: cst.BaseExpression | None) -> bool:
        """Whether the parameters come out of the same call as a text: a statement that was made with them."""
        found = self.scope.reaching(params.value, params) if isinstance(params, cst.Name) else []
        made = [one for one in found if one.kind == "element" and isinstance(one.value, cst.Call)]
        return bool(made) and len(made) == len(found)


def _texts(node: cst.BaseExpression) -> Iterator[cst.BaseExpression]:
    """The expressions whose text is used: of a dictionary the values, of a list its items."""
    match node:
        case cst.Dict():
            for entry in node.elements:
                yield from _texts(entry.value)
        case cst.List() | cst.Tuple():
            for item in node.elements:
                yield from _texts(item.value)
        case cst.ListComp() | cst.GeneratorExp():
            yield from _texts(node.elt)
        case _:
            yield node


def _joins(node: cst.CSTNode) -> bool:
    match node:
        case cst.FormattedString() | cst.BinaryOperation(operator=cst.Add() | cst.Modulo()):
            return True
        case cst.Call(func=cst.Attribute(attr=cst.Name(value="format"))):
            return True
    return False
