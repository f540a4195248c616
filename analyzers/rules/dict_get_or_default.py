"""Lookups done twice."""

import libcst as cst

from analyzers.blocks import statements
from analyzers.rule import Rule


class DictGetOrDefault(Rule):
    """The key is looked up twice where `get` with a default does it once.

    In a program with threads the key can also vanish between the question and the answer.

    Fix: `value = table.get(key, default)`.
    """

    severity = "info"
    cwe = None
    prior = 0.4
    references = ("https://docs.python.org/3/library/stdtypes.html#dict.get",)
    triggers = ("if ",)
    invalid = (
        "if k in d:\n    x = d[k]\nelse:\n    x = 0",
        "def f(d, k):\n    if k in d:\n        v = d[k]\n    else:\n        v = None\n    return v",
        "if 'a' in d:\n    x = d['a']\nelse:\n    x = 'b'",
        "x = d[k] if k in d else 0",
        "class A:\n    def f(self, k):\n        return self.d[k] if k in self.d else None",
        "if k not in d:\n    x = 0\nelse:\n    x = d[k]",
    )
    valid = (
        "x = d.get(k, 0)",
        "if k in d:\n    x = d[k]\nelse:\n    x = compute()",
        "if k in d:\n    x = d[j]\nelse:\n    x = 0",
        "if k in d:\n    x = e[k]\nelse:\n    x = 0",
        "if k in d:\n    x = d[k]",
        "if k in d:\n    x = d[k]\nelse:\n    y = 0",
        "x = d[k] if k in d else make(k)",
        "if k in d:\n    x = d[k]\n    use(x)\nelse:\n    x = 0",
    )

    def visit_If(self, node: cst.If) -> None:
        """Looks at a choice between the entry and a default."""
        if not isinstance(node.orelse, cst.Else):
            return
        first, second = _only_assignment(node.body), _only_assignment(node.orelse.body)
        if first is None or second is None or not first.targets[0].target.deep_equals(second.targets[0].target):
            return
        self._check(node, node.test, first.value, second.value)

    def visit_IfExp(self, node: cst.IfExp) -> None:
        """The same as an expression."""
        self._check(node, node.test, node.body, node.orelse)

    def _check(self, node: cst.CSTNode, test: cst.BaseExpression, yes: cst.BaseExpression, no: cst.BaseExpression) -> None:
        if not isinstance(test, cst.Comparison) or len(test.comparisons) != 1:
            return
        operator = test.comparisons[0].operator
        if isinstance(operator, cst.NotIn):
            yes, no = no, yes
        elif not isinstance(operator, cst.In):
            return
        match yes:
            case cst.Subscript(value=table, slice=[cst.SubscriptElement(slice=cst.Index(value=key))]):
                same = table.deep_equals(test.comparisons[0].comparator) and key.deep_equals(test.left)
                if same and isinstance(no, cst.SimpleString | cst.Integer | cst.Float | cst.Name):
                    self.report(node)


def _only_assignment(body: cst.BaseSuite) -> cst.Assign | None:
    lines = statements(body)
    return lines[0] if len(lines) == 1 and isinstance(lines[0], cst.Assign) and len(lines[0].targets) == 1 else None
