"""Special methods that Python cannot call as they are written."""

import libcst as cst

from analyzers.blocks import statements
from analyzers.rule import Rule

_ARGUMENTS = {
    **dict.fromkeys(("__str__", "__repr__", "__bytes__", "__bool__", "__len__", "__hash__", "__iter__", "__next__", "__enter__", "__int__",
                     "__float__", "__index__", "__neg__", "__abs__", "__invert__", "__aiter__", "__anext__", "__aenter__", "__reversed__",
                     "__del__", "__await__", "__length_hint__", "__dir__"), 0),
    **dict.fromkeys(("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__contains__", "__getitem__", "__delitem__",
                     "__getattr__", "__getattribute__", "__delattr__", "__missing__", "__add__", "__sub__", "__mul__", "__truediv__",
                     "__and__", "__or__", "__iadd__", "__radd__", "__format__"), 1),
    **dict.fromkeys(("__setitem__", "__setattr__", "__set__", "__get__"), 2),
    **dict.fromkeys(("__exit__", "__aexit__"), 3),
}  # fmt: skip
"""How many arguments Python gives besides `self`; `__get__` may also be called with one."""


class SpecialMethodSignature(Rule):
    """Python calls this method with another number of arguments than it takes, so using it raises TypeError.

    The mistake shows only where the operator, the `with` statement or the built-in function is used for the first time.

    Fix: take the arguments that the data model names, such as `__exit__(self, kind, error, traceback)`.
    """

    severity = "medium"
    cwe = None
    prior = 0.95
    references = ("https://docs.python.org/3/reference/datamodel.html#special-method-names",)
    triggers = ("def __",)
    invalid = (
        "class A:\n    def __exit__(self):\n        return 1",
        "class A:\n    def __enter__(self, x):\n        return x",
        "class A:\n    def __eq__(self):\n        return 1",
        "class A:\n    def __len__(self, x):\n        return 1",
        "class A:\n    def __setitem__(self, key):\n        self.x = key",
        "class A:\n    async def __aexit__(self, error):\n        return 1",
        "class A:\n    def __contains__(self, a, b):\n        return a == b",
    )
    valid = (
        "class A:\n    def __exit__(self, *exc):\n        return None",
        "class A:\n    def __exit__(self, kind, error, trace):\n        return None",
        "class A:\n    def __len__(self):\n        return 1",
        "class A:\n    def __enter__(self, x=1):\n        return x",
        "def __exit__(): ...",
        "class A:\n    @staticmethod\n    def __eq__(a, b):\n        return a is b",
        "class A:\n    def __get__(self, obj, kind=None):\n        return 1",
        "class A:\n    def __call__(self, a, b, c):\n        return 1",
        "class A:\n    def __getitem__(self, key, /):\n        return key",
        "class A:\n    def __format__(self, spec=''):\n        return spec",
    )

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        """Counts the parameters of methods whose callers are Python itself."""
        for one in statements(node.body):
            if isinstance(one, cst.FunctionDef) and not one.decorators:
                given = _ARGUMENTS.get(one.name.value)
                if given is not None and not _takes(one.params, given + 1):
                    self.report(one.name)


def _takes(params: cst.Parameters, count: int) -> bool:
    plain = [*params.posonly_params, *params.params]
    least = sum(one.default is None for one in plain)
    takes_more = isinstance(params.star_arg, cst.Param)
    return least <= count and (takes_more or len(plain) >= count) and all(one.default is not None for one in params.kwonly_params)
