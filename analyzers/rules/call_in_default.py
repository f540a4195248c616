"""Default values that were computed once."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.scope import parameters

_CHANGING = frozenset(
    {"time.time", "time.time_ns", "time.monotonic", "time.perf_counter", "time.localtime", "time.gmtime", "datetime.datetime.now",
     "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today", "django.utils.timezone.now", "uuid.uuid1", "uuid.uuid4",
     "random.random", "random.randint", "random.choice", "secrets.token_hex", "secrets.token_urlsafe", "secrets.token_bytes", "os.urandom",
     "os.getcwd", "tempfile.mkdtemp"}
)  # fmt: skip


class CallInDefault(Rule):
    """The default is computed once, when the function is defined: every later call gets the same time, name or number.

    A clock that stands still and an identifier that is given twice are found late, since the first call looks right.

    Fix: default to None and compute it inside: `at = time.time() if at is None else at`.
    """

    severity = "medium"
    cwe = None
    prior = 0.9
    references = ("https://docs.python.org/3/reference/compound_stmts.html#function-definitions",)
    triggers = ("time", "now", "today", "uuid", "random", "secrets", "getcwd", "mkdtemp")
    invalid = (
        "import time\ndef f(at=time.time()): ...",
        "import datetime\ndef f(at=datetime.datetime.now()): ...",
        "from uuid import uuid4\ndef f(*, name=str(uuid4())): ...",
        "import uuid\nclass A:\n    def __init__(self, id=uuid.uuid4().hex): ...",
        "import random\nf = lambda n=random.random(): n",
        "from datetime import date\nasync def f(day: date = date.today()): ...",
        "import secrets\ndef f(key=secrets.token_hex(16)): ...",
    )
    valid = (
        "import time\ndef f(at=None):\n    at = time.time() if at is None else at",
        "import time\ndef f(clock=time.time): ...",
        "import time\ndef f(at=lambda: time.time()): ...",
        "import datetime\ndef f(span=datetime.timedelta(days=1)): ...",
        "import random\ndef f(source=random.Random(3)): ...",
        "import uuid\ndef f(space=uuid.UUID(int=0)): ...",
        "import time\nSTART = time.time()\ndef f(at=START): ...",
    )

    def visit_Parameters(self, node: cst.Parameters) -> None:
        """Looks at each default that calls something."""
        for param in parameters(node):
            if isinstance(param.default, cst.Call | cst.Attribute) and self._changes(param.default):
                self.report(param)

    def _changes(self, node: cst.BaseExpression) -> bool:
        """Whether such a call is the default itself, or an argument or the receiver of it."""
        if isinstance(node, cst.Attribute):
            return self._changes(node.value)
        if not isinstance(node, cst.Call):
            return False
        return self.qualified_name(node.func) in _CHANGING or any(self._changes(arg.value) for arg in node.args)
