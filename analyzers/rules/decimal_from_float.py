"""Exact numbers made from inexact ones."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.literal import resolve


class DecimalFromFloat(CallRule):
    """An exact number is made from a float and gets its error too: `Decimal(19.99)` is 19.989999999999998436….

    The float is rounded to a binary fraction before `Decimal` sees it.

    Fix: give the text: `Decimal("19.99")`.
    """

    severity = "medium"
    cwe = 682
    prior = 0.85
    references = ("https://docs.python.org/3/library/decimal.html#decimal.Decimal",)
    triggers = ("decimal",)
    calls = frozenset({"decimal.Decimal"})
    invalid = (
        "from decimal import Decimal\nprice = Decimal(19.99)",
        "import decimal\nRATE = 0.07\ndef f(x):\n    return x * decimal.Decimal(RATE)",
        "from decimal import Decimal as D\ndef f():\n    return D(-0.1)",
    )
    valid = (
        "from decimal import Decimal\nprice = Decimal('19.99')",
        "from decimal import Decimal\nhalf = Decimal(0.5)",
        "from decimal import Decimal\ndef f(x):\n    return Decimal(str(x)) + Decimal(3)",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at literals that no binary fraction is equal to."""
        value = resolve(node.args[0].value, self.scope) if node.args else None
        if isinstance(value, cst.UnaryOperation):
            value = value.expression
        if isinstance(value, cst.Float):
            _, denominator = value.evaluated_value.as_integer_ratio()
            if denominator > _EXACT_MAX:
                self.report(node)


_EXACT_MAX = 2**20
"""Whoever writes 0.5 or 0.375 loses nothing."""
