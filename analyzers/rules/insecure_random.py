"""Secrets made with a generator whose output can be foretold."""

import re

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import descend

_GENERATORS = frozenset(
    f"random.{name}"
    for name in ("random", "randint", "randrange", "choice", "choices", "sample", "getrandbits", "randbytes", "uniform")
)
_SECRET = re.compile(
    r"(^|_)(password|passwd|secret|token|nonce|salt|otp|csrf|session_?(id|key)|api_?key|passcode|pin)($|_)"
)


class InsecureRandom(Rule):
    """A secret is made with `random`, whose output can be foretold from what came before.

    The Mersenne Twister gives away its state after 624 outputs; it is for simulations.

    Fix: use `secrets.token_urlsafe()`, `secrets.choice` or `secrets.randbelow`.
    """

    severity = "medium"
    confidence = "medium"
    cwe = 330
    prior = 0.7
    triggers = ("random",)
    invalid = (
        "import random\ntoken = random.getrandbits(128)",
        "import random, string\npassword = ''.join(random.choice(string.ascii_letters) for _ in range(12))",
        "from random import randint\ndef make_otp():\n    return randint(0, 999999)",
        "import random\ndef f(user):\n    user.session_id = str(random.random())",
    )
    valid = (
        "import secrets\ntoken = secrets.token_urlsafe()",
        "import random\ndice = random.randint(1, 6)",
        "import random\ntoken = random.SystemRandom().choice('abc')",
        "import random\ndef shuffle_tokens_per_second():\n    return random.random()",
        "import secrets as random\ntoken = random.choice('abc')",
    )

    def visit_Assign(self, node: cst.Assign) -> None:
        """Looks at what is stored under a secret's name."""
        for target in node.targets:
            named = target.target.attr if isinstance(target.target, cst.Attribute) else target.target
            if isinstance(named, cst.Name) and _SECRET.search(named.value.lower()):
                self._check(node.value)

    def visit_Return(self, node: cst.Return) -> None:
        """Looks at what a function named for a secret gives."""
        around = self.context.inside((cst.FunctionDef, cst.Lambda))
        function = around[0] if around else None
        if node.value is not None and isinstance(function, cst.FunctionDef):
            name = function.name.value.lower()
            if _SECRET.search(name) and name.startswith(("make", "new", "generate", "create", "gen", "random", "get")):
                self._check(node.value)

    def _check(self, value: cst.BaseExpression) -> None:
        for node in descend(value):
            if isinstance(node, cst.Call) and self.qualified_name(node.func) in _GENERATORS:
                self.report(node)
                return
