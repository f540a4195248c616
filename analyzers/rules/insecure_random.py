"""Secrets made with a generator whose output can be foretold."""

import re

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import descend, string_value

_NAMES = ("random", "randint", "randrange", "choice", "choices", "sample", "getrandbits", "randbytes", "uniform")
_GENERATORS = frozenset(f"{owner}.{name}" for owner in ("random", "random.Random()", "numpy.random") for name in _NAMES)
_GUESSED = _GENERATORS | {"uuid.uuid1"}
_MAKES = ("make", "new", "generate", "create", "gen", "random", "get")
_ASKS = re.compile(r"^_?(check|is|has|verify|validate|test|count|parse|read|load|find|on|handle|send)_")
_HOPS_MAX = 12
_SECRET = re.compile(
    r"(^|_)(password|passwd|secret|token|nonce|salt|otp|csrf|session_?(id|key)|api_?key|passcode|pin)"
    r"($|_(value|hex|str|string|bytes|key|code|for|link|url)($|_))"
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
    references = ("https://docs.python.org/3/library/random.html", "https://docs.python.org/3/library/secrets.html")
    triggers = ("random", "uuid1")
    invalid = (
        "import random\ntoken = random.getrandbits(128)",
        "import random, string\npassword = ''.join(random.choice(string.ascii_letters) for _ in range(12))",
        "from random import randint\ndef make_otp():\n    return randint(0, 999999)",
        "import random\ndef f(user):\n    user.session_id = str(random.random())",
        "import random as r\nclass User:\n    def forgot(self):\n        self.reset_token = f'{r.getrandbits(64):x}'",
        "import random\ndef generate_password(n):\n    return ''.join(random.choices(LETTERS, k=n))",
        ("import random\ndef make_token():\n    alphabet = 'abc'\n    chars = [random.choice(alphabet) for _ in range(20)]\n"
         "    return ''.join(chars)"),
        "import random\nrng = random.Random()\nsecret = rng.randbytes(16)",
        "import random\ndef f(session):\n    session['csrf_token'] = random.randint(0, 10**9)",
        "import random\ndef f(user):\n    send(user, otp=random.randint(100000, 999999))",
        "import uuid\ndef session_id():\n    return str(uuid.uuid1())",
        "import random\ndef reset_token():\n    return ''.join(random.choice('abc') for _ in range(32))",
        "import uuid\nfrom numpy import random\napi_key = random.randint(0, 2**31)",
    )
    valid = (
        "import secrets\ntoken = secrets.token_urlsafe()",
        "import random\ndice = random.randint(1, 6)",
        "import random\ntoken = random.SystemRandom().choice('abc')",
        "import random\ndef shuffle_tokens_per_second():\n    return random.random()",
        "import random\ndef test_token():\n    return random.choice(TOKENS)",
        "import secrets as random\ntoken = random.choice('abc')",
        "import random\nclass Die:\n    def roll(self):\n        self.value = random.randint(1, 6)",
        "import random\nrng = random.SystemRandom()\nsecret = rng.randbytes(16)",
        ("import random\ndef f(tokens):\n    token_index = random.randrange(len(tokens))\n    shown = random.sample(tokens, 3)\n"
         "    return shown"),
        "import random\ndef f(session):\n    session['lucky_number'] = random.randint(0, 9)",
    )

    def visit_Assign(self, node: cst.Assign) -> None:
        """Looks at what is stored under a secret's name."""
        for target in node.targets:
            named = target.target.attr if isinstance(target.target, cst.Attribute) else target.target
            text = named.value if isinstance(named, cst.Name) else _key(target.target)
            if _SECRET.search(text.lower()):
                self._check(node.value)

    def visit_Arg(self, node: cst.Arg) -> None:
        """Looks at what is passed under a secret's name."""
        if node.keyword is not None and _SECRET.search(node.keyword.value.lower()):
            self._check(node.value)

    def visit_Return(self, node: cst.Return) -> None:
        """Looks at what a function named for a secret gives."""
        around = self.context.inside((cst.FunctionDef, cst.Lambda))
        function = around[0] if around else None
        if node.value is not None and isinstance(function, cst.FunctionDef):
            name = function.name.value.lower()
            if (found := _SECRET.search(name)) and (name.startswith(_MAKES) or (found.end() == len(name) and not _ASKS.match(name))):
                self._check(node.value)

    def _check(self, value: cst.BaseExpression) -> None:
        stack = [value]
        for part in stack:  # grows by what the names in it stand for
            for node in descend(part):
                if isinstance(node, cst.Call) and self.qualified_name(node.func) in _GUESSED:
                    self.report(node)
                    return
                if isinstance(node, cst.Name) and len(stack) < _HOPS_MAX:
                    found = self.scope.reaching(node.value, node)
                    stack += [one.value for one in found if one.kind == "assign" and one.value is not None and one.value not in stack]


def _key(target: cst.BaseExpression) -> str:
    match target:
        case cst.Subscript(slice=[cst.SubscriptElement(slice=cst.Index(value=key))]):
            return string_value(key) or ""
    return ""
