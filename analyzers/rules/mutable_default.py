"""Default values that remember."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.scope import parameters
from analyzers.syntax import descend, is_name

_MAKERS = frozenset(
    {"builtins.list", "builtins.dict", "builtins.set", "builtins.bytearray", "collections.defaultdict",
     "collections.deque", "collections.OrderedDict", "collections.Counter"}
)  # fmt: skip
_READING = frozenset({"get", "items", "keys", "values", "copy", "index", "count"})


class MutableDefault(Rule):
    """A mutable default is shared by every call: what one adds, the next one sees.

    The default is built once, when the function is defined, not for each call. Low where the function only reads it.

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
        "def f(name, x=['a']):\n    return name in x",
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
                self.report(param, severity="low" if self._only_read(param) else None)

    def _only_read(self, param: cst.Param) -> bool:
        """Whether the function looks at it and does nothing else: never changes, keeps, passes on or returns it."""
        around = self.parent()
        if not isinstance(around, cst.FunctionDef):
            return False
        uses = reads = 0
        for one in descend(around.body, into_scopes=True):
            uses += is_name(one, param.name.value)
            reads += _reads(one, param.name.value)
        return 0 < uses == reads

    def _mutable(self, node: cst.BaseExpression) -> bool:
        if isinstance(node, cst.List | cst.Dict | cst.Set | cst.ListComp | cst.DictComp | cst.SetComp):
            return True
        return isinstance(node, cst.Call) and self.qualified_name(node.func) in _MAKERS


def _reads(node: cst.CSTNode, name: str) -> bool:
    """Whether a node takes something out of what is called so, or tests it."""
    match node:
        case cst.For() | cst.CompFor():
            return is_name(node.iter, name)
        case cst.Comparison(comparisons=[cst.ComparisonTarget(operator=cst.In() | cst.NotIn(), comparator=right)]):
            return is_name(right, name)
        case cst.Call(func=cst.Name(value="len" | "sorted" | "list" | "tuple" | "set" | "any" | "all"), args=[cst.Arg(value=given)]):
            return is_name(given, name)
        case cst.Call(func=cst.Attribute(value=owner, attr=cst.Name(value=word))):
            return word in _READING and is_name(owner, name)
        case cst.If() | cst.IfExp():
            return is_name(node.test, name)
    return False
