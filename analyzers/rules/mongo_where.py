"""JavaScript for MongoDB, pasted together."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import string_value


class MongoWhere(Rule):
    """A value is pasted into JavaScript that the database runs, so whoever decides it runs code there.

    `$where` evaluates its text for every document; a quote in the value ends the comparison and begins a program.

    Fix: use operators, `{"age": {"$gt": int(age)}}`.
    """

    severity = "high"
    confidence = "medium"
    cwe = 943
    prior = 0.75
    references = ("https://www.mongodb.com/docs/manual/reference/operator/query/where/",)
    triggers = ("$where", "$function", "$accumulator")
    invalid = (
        "def f(people, age):\n    return people.find({'$where': 'this.age > ' + age})",
        "def f(c, name):\n    q = {'$where': f\"this.name == '{name}'\"}\n    return c.find(q)",
        "def f(c, a):\n    return c.find({'$where': 'this.a == %s' % a})",
    )
    valid = (
        "def f(c):\n    return c.find({'$where': 'this.a > this.b'})",
        "def f(c, age):\n    return c.find({'age': {'$gt': int(age)}})  # no $where",
        "LIMIT = 3\ndef f(c):\n    return c.find({'$where': f'this.a > {LIMIT}'})",
        "def f(c, n):\n    return c.find({'$where': f'this.a > {int(n)}'})",
    )

    def visit_DictElement(self, node: cst.DictElement) -> None:
        """Looks at texts that are put together under these keys."""
        if string_value(node.key) not in ("$where", "$function", "$accumulator"):
            return
        built = isinstance(node.value, cst.BinaryOperation | cst.FormattedString) or _formats(node.value)
        if built and not self.is_constant(node.value):
            self.report(node.value)


def _formats(node: cst.BaseExpression) -> bool:
    return isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value == "format"
