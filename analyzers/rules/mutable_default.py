"""Default values that remember."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.scope import parameters

_MAKERS = frozenset(
    {"builtins.list", "builtins.dict", "builtins.set", "builtins.bytearray", "collections.defaultdict",
     "collections.deque", "collections.OrderedDict", "collections.Counter"}
)  # fmt: skip


class MutableDefault(Rule):
    """A mutable default is shared by every call: what one adds, the next one sees.

    The default is built once, when the function is defined, not for each call.

    Fix: default to None and build it inside: `items = [] if items is None else items`.
    """

    severity = "medium"
    cwe = None
    prior = 0.6
    references = ("https://docs.python.org/3/faq/programming.html#why-are-default-values-shared-between-objects",)
    invalid = (
        "def f(x=[]): ...",
        "def f(*, x={}): ...",
        "def f(x=set()): ...",
        "def f(x={1}): ...",
        "from collections import defaultdict\ndef f(x=defaultdict(list)): ...",
        "f = lambda x=[]: x",
        "def f(x=[i for i in 'ab']): ...",
    )
    valid = (
        "def f(x=None): ...",
        "def f(x=()): ...",
        "def f(x): ...",
        "def f(x=frozenset()): ...",
        "def f(x=tuple([])): ...",
        "from dataclasses import field\nclass A:\n    x: list = field(default_factory=list)",
    )

    def visit_Parameters(self, node: cst.Parameters) -> None:
        """Looks at each default."""
        for param in parameters(node):
            if param.default is not None and self._mutable(param.default):
                self.report(param)

    def _mutable(self, node: cst.BaseExpression) -> bool:
        if isinstance(node, cst.List | cst.Dict | cst.Set | cst.ListComp | cst.DictComp | cst.SetComp):
            return True
        return isinstance(node, cst.Call) and self.qualified_name(node.func) in _MAKERS
