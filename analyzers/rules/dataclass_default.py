"""Dataclasses with a shared default."""

import libcst as cst

from analyzers.blocks import last_name
from analyzers.rule import Rule

_MAKERS = frozenset({"dataclasses.dataclass", "attr.s", "attr.attrs", "attrs.define", "attr.dataclass"})
_MADE = frozenset({"builtins.list", "builtins.dict", "builtins.set"})
_MUTABLE = (cst.List, cst.Dict, cst.Set, cst.ListComp, cst.DictComp, cst.SetComp)


class DataclassDefault(Rule):
    """A field's default is a list, dictionary or set: `dataclass` refuses the class, and others share it between all objects.

    The class cannot even be imported: ValueError, mutable default.

    Fix: `items: list = field(default_factory=list)`.
    """

    severity = "high"
    cwe = None
    prior = 0.95
    references = ("https://docs.python.org/3/library/dataclasses.html#mutable-default-values",)
    triggers = ("dataclass", "attr")
    invalid = (
        "from dataclasses import dataclass\n@dataclass\nclass A:\n    items: list = []",
        "import dataclasses as d\n@d.dataclass(frozen=True)\nclass A:\n    n: int = 1\n    seen: set = set()",
    )
    valid = (
        "from dataclasses import dataclass, field\n@dataclass\nclass A:\n    items: list = field(default_factory=list)",
        "from dataclasses import dataclass\nfrom typing import ClassVar\n@dataclass\nclass A:\n    KNOWN: ClassVar[list] = []",
        "class A:\n    items: list = []  # no dataclass",
        "from dataclasses import dataclass\n@dataclass\nclass A:\n    names = []\n    pair: tuple = ()",
    )

    def visit_AnnAssign(self, node: cst.AnnAssign) -> None:
        """Looks at the fields of a decorated class."""
        around = self.scope.node
        made = isinstance(node.value, cst.Call) and self.qualified_name(node.value.func) in _MADE
        if not isinstance(around, cst.ClassDef) or not (made or isinstance(node.value, _MUTABLE)) or self._of_class(node):
            return
        named = [one.decorator.func if isinstance(one.decorator, cst.Call) else one.decorator for one in around.decorators]
        if any(self.qualified_name(one) in _MAKERS for one in named):
            self.report(node)

    def _of_class(self, node: cst.AnnAssign) -> bool:
        told = node.annotation.annotation
        return last_name(told.value if isinstance(told, cst.Subscript) else told) == "ClassVar"
