"""super() of another class."""

import libcst as cst

from analyzers.rule import Rule


class SuperOfOtherClass(Rule):
    """`super` names another class than the one it stands in, so a constructor is skipped or called on a stranger.

    `super(Base, self)` begins above Base: its own method is never called.

    Fix: `super()` without arguments.
    """

    severity = "high"
    confidence = "medium"
    cwe = None
    prior = 0.85
    references = ("https://docs.python.org/3/library/functions.html#super",)
    triggers = ("super(",)
    invalid = (
        "class A: ...\nclass B(A):\n    def __init__(self):\n        super(A, self).__init__()",
        "class C(D):\n    def f(self):\n        return super(D, self).f()",
    )
    valid = (
        "class B(A):\n    def __init__(self):\n        super().__init__()",
        "class B(A):\n    def __init__(self):\n        super(B, self).__init__()",
        "class B(A):\n    def __init__(self):\n        super(self.__class__.__mro__[1], self).__init__()",
        "class B(A):\n    class C(A):\n        def f(self):\n            super(B.C, self).f()",
        "class B(A, M):\n    def f(self):\n        return super(A, self).f()",
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at super with a plain class name; of several bases one may be passed over on purpose."""
        if len(node.args) != 2 or not (type(node.func) is cst.Name and node.func.value == "super"):
            return
        named = node.args[0].value
        around = next((one for one in self.context.inside(cst.ClassDef) if isinstance(one, cst.ClassDef)), None)
        if around is None or not isinstance(named, cst.Name) or named.value == around.name.value or len(around.bases) != 1:
            return
        if isinstance(around.bases[0].value, cst.Name) and around.bases[0].value.value == named.value:
            self.report(node)
