"""Numbers from outside that may be no numbers."""

import re

import libcst as cst

from analyzers.calls import CallRule
from analyzers.literal import resolve

_INPUT = re.compile(r"^(flask\.request\.(args|form|values|json|cookies|headers)(\.get\(\))?|builtins\.input\(\))$")
_WRITTEN = re.compile(r"^(self\.)?request\.(args|form|values|json|GET|POST|query_params|data)(\.get\(|\[)")


class NanInjection(CallRule):
    """A float is made from what a client sent, which may be `nan` or `inf`: every comparison with it is false.

    A check such as `if amount > limit` then lets it pass, and sums and sorting break.

    Fix: use `Decimal` or `int`, or refuse it: `if not math.isfinite(value): raise ValueError`.
    """

    severity = "medium"
    confidence = "medium"
    cwe = 20
    prior = 0.6
    references = ("https://docs.python.org/3/library/functions.html#float",)
    triggers = ("float", "complex")
    calls = frozenset({"builtins.float", "builtins.complex"})
    invalid = (
        "from flask import request\ndef f():\n    return float(request.args['price'])",
        "def f(request):\n    price = float(request.GET.get('price'))\n    return price > 3",
        "from flask import request as r\ndef f():\n    return complex(r.form.get('z'))",
        "class A:\n    def post(self, request):\n        return float(request.POST['x'])",
        "x = float(input())",
        "def f(request):\n    weight = request.GET['weight']\n    return float(weight)",
        "def f(request):\n    total = 1 + float(request.data['a'])\n    return total",
    )
    valid = (
        ("import math\nfrom flask import request\ndef f():\n    x = float(request.args['price'])\n    if not math.isfinite(x):\n"
         "        raise ValueError"),
        "from flask import request\ndef f():\n    return int(request.args['price'])",
        "def f(text):\n    return float(text)",
        "from decimal import Decimal\ndef f(request):\n    return Decimal(request.GET['x'])  # float",
        "def f(request):\n    return request.args.get('x', type=float)",
        "import math\ndef f(request):\n    x = float(request.GET['x'])\n    if math.isnan(x):\n        raise ValueError",
        "def f(request):\n    return float(request.timeout)",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at what becomes a float, and for a check in the same function."""
        if not node.args:
            return
        value = resolve(node.args[0].value, self.scope)
        owner = value.value if isinstance(value, cst.Subscript) else value
        known = _INPUT.match(self.qualified_name(owner) or "")
        if known or _WRITTEN.match(self.context.module.code_for_node(value)):
            code = self.context.module.code_for_node(self.scope.node)
            if not any(word in code for word in ("isfinite", "isnan", "isinf", '"nan"', "'nan'")):
                self.report(node)
