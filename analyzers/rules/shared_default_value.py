"""One list for all keys."""

import libcst as cst

from analyzers.calls import CallRule

_MUTABLE = (cst.List, cst.Dict, cst.Set, cst.ListComp, cst.DictComp, cst.SetComp)


class SharedDefaultValue(CallRule):
    """All keys get one and the same list: what is put in under one key shows up under all.

    `dict.fromkeys` copies the reference, not what it refers to.

    Fix: `{key: [] for key in keys}` or `collections.defaultdict(list)`.
    """

    severity = "medium"
    cwe = None
    prior = 0.9
    references = ("https://docs.python.org/3/library/stdtypes.html#dict.fromkeys",)
    triggers = ("fromkeys",)
    calls = frozenset({"builtins.dict.fromkeys", "collections.OrderedDict.fromkeys"})
    invalid = (
        "d = dict.fromkeys(keys, [])",
        "def f(ks):\n    return dict.fromkeys(ks, set())",
        "class A:\n    t = dict.fromkeys('ab', {})",
    )
    valid = ("d = dict.fromkeys(keys, 0)", "d = {k: [] for k in keys}", "d = dict.fromkeys(keys)", "d = dict.fromkeys(keys, ())")

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at the value."""
        value = node.args[1].value if len(node.args) > 1 else None
        made = isinstance(value, cst.Call) and self.qualified_name(value.func) in ("builtins.list", "builtins.dict", "builtins.set")
        if isinstance(value, _MUTABLE) or made:
            self.report(node)
