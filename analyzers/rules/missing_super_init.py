"""Constructors that leave out the one of their base."""

import libcst as cst

from analyzers.blocks import calls_in, last_name
from analyzers.rule import Rule
from analyzers.syntax import descend, is_name

_NEEDED = frozenset({"torch.nn.Module", "torch.nn.modules.module.Module", "threading.Thread", "multiprocessing.Process", "threading.local"})


class MissingSuperInit(Rule):
    """The constructor does not call that of its base class, so what the base sets up is missing.

    The first method of the base that needs it then fails with AttributeError; `torch.nn.Module` and `Thread` refuse to work at all.

    Fix: `super().__init__(...)` as the first line.
    """

    severity = "medium"
    cwe = 665
    prior = 0.75
    references = ("https://docs.python.org/3/library/functions.html#super",)
    triggers = ("__init__",)
    invalid = (
        "class A:\n    def __init__(self):\n        self.items = []\nclass B(A):\n    def __init__(self, name):\n        self.name = name",
        "import torch\nclass Net(torch.nn.Module):\n    def __init__(self):\n        self.fc = torch.nn.Linear(3, 1)",
        "from threading import Thread as T\nclass W(T):\n    def __init__(self, n):\n        self.n = n",
    )
    valid = (
        ("class A:\n    def __init__(self):\n        self.items = []\nclass B(A):\n    def __init__(self, name):\n"
         "        super().__init__()\n        self.name = name"),
        ("class A:\n    def __init__(self):\n        self.x = 1\nclass B(A):\n    def __init__(self):\n        A.__init__(self)\n"
         "        self.y = 1"),
        "class A:\n    def __init__(self):\n        pass\nclass B(A):\n    def __init__(self, name):\n        self.name = name",
        "class A:\n    def __init__(self, x):\n        self.x = x\nclass B(A):\n    def __init__(self, x):\n        self.x = x",
        "class B(Unknown):\n    def __init__(self, name):\n        self.name = name",
        "class A:\n    def __init__(self):\n        self.x = 1\nclass B(A):\n    def __init__(self):\n        raise NotImplementedError",
        "class A:\n    def __init__(self):\n        self.x = 1\nclass B(A, C):\n    def __init__(self):\n        self.y = 1",
    )

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        """Looks at classes with one base: of this file, or one that is known to need its constructor."""
        own = _init(node)
        if own is None or len(node.bases) != 1 or node.bases[0].star:
            return
        if any(last_name(call.func) in ("__init__", "super", "_init") for call in calls_in(own.body, into_scopes=True)):
            return
        base = node.bases[0].value
        if self.qualified_name(base) in _NEEDED:
            self.report(own.name, about=[own])
        elif isinstance(base, cst.Name):
            found = [one.node for one in self.scope.reaching(base.value, base)]
            above = _init(found[0]) if len(found) == 1 and isinstance(found[0], cst.ClassDef) else None
            if above is not None and not _raises(own) and self._left_out(above, own, found[0]):
                self.report(own.name, about=[own], severity="low")

    def _left_out(self, above: cst.FunctionDef, own: cst.FunctionDef, base: cst.CSTNode) -> bool:
        """Whether methods of the base read what only its constructor sets, or nothing of it is set here."""
        missing = _set_by(above) - _set_by(own)
        inherited = [one for one in getattr(base, "body").body if isinstance(one, cst.FunctionDef) and one is not above]  # noqa: B009
        read = {one.attr.value for method in inherited for one in descend(method.body) if isinstance(one, cst.Attribute)}
        return bool(missing) and (bool(missing & read) or not inherited)


def _init(node: cst.CSTNode) -> cst.FunctionDef | None:
    body = node.body.body if isinstance(node, cst.ClassDef) else ()
    return next((one for one in body if isinstance(one, cst.FunctionDef) and one.name.value == "__init__" and not one.decorators), None)


def _set_by(method: cst.FunctionDef) -> set[str]:
    owner = method.params.params[0].name.value if method.params.params else ""
    found = [t.target for one in descend(method.body) if isinstance(one, cst.Assign) for t in one.targets]
    found += [one.target for one in descend(method.body) if isinstance(one, cst.AnnAssign)]
    return {one.attr.value for one in found if isinstance(one, cst.Attribute) and is_name(one.value, owner)}


def _raises(method: cst.FunctionDef) -> bool:
    return any(isinstance(one, cst.Raise) for one in descend(method.body))
