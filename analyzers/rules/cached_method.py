"""Caches that keep every object they ever saw."""

import libcst as cst

from analyzers.rule import Rule

_CACHES = frozenset({"functools.lru_cache", "functools.cache"})


class CachedMethod(Rule):
    """The cache of a method holds on to every `self` it was called with, so those objects are never freed.

    There is one cache for the whole class, and `self` is part of its key: it must be hashable, and entries of objects push out one another.

    Fix: `functools.cached_property` for values without arguments; else a cached function outside the class, or a dictionary on the object.
    """

    severity = "low"
    cwe = 401
    prior = 0.7
    references = ("https://docs.python.org/3/faq/programming.html#how-do-i-cache-method-calls",)
    triggers = ("cache",)
    invalid = (
        "import functools\nclass A:\n    @functools.lru_cache\n    def f(self, x):\n        return x",
        "from functools import lru_cache\nclass A:\n    @lru_cache(maxsize=None)\n    def f(self):\n        return 1",
        "from functools import cache\nclass A:\n    @cache\n    def f(self, x):\n        return x",
        "import functools as ft\nclass A:\n    @ft.lru_cache(100)\n    def f(self, x):\n        return x",
        "from functools import cache\nclass A:\n    @property\n    @cache\n    def f(self):\n        return 1",
        "from functools import lru_cache\nclass A:\n    class B:\n        @lru_cache\n        def f(self, x):\n            return x",
    )
    valid = (
        "from functools import cached_property\nclass A:\n    @cached_property\n    def f(self):\n        return 1",
        "from functools import lru_cache\n@lru_cache\ndef f(x):\n    return x",
        "from functools import lru_cache\nclass A:\n    @staticmethod\n    @lru_cache\n    def f(x):\n        return x",
        "from functools import cache\nclass A:\n    @classmethod\n    @cache\n    def f(cls, x):\n        return x",
        "from mine import cache\nclass A:\n    @cache\n    def f(self, x):\n        return x",
        "from functools import cache\nclass A:\n    def f(self):\n        @cache\n        def g(x): ...\n        return g",
        "from enum import Enum\nfrom functools import cache\nclass A(Enum):\n    X = 1\n    @cache\n    def f(self):\n        return 1",
    )

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        """Looks at the decorators of methods."""
        around = self.parent(2)
        if not node.decorators or not isinstance(around, cst.ClassDef):
            return
        # The members of an enumeration live as long as the program.
        bases = [self.qualified_name(base.value) or "" for base in around.bases]
        if any("Enum" in base or "Flag" in base for base in bases):
            return
        plain = [one.decorator.func if isinstance(one.decorator, cst.Call) else one.decorator for one in node.decorators]
        names = [self.qualified_name(one) for one in plain]
        if not {"builtins.staticmethod", "builtins.classmethod"} & set(names):
            for decorator, name in zip(node.decorators, names, strict=True):
                if name in _CACHES:
                    self.report(decorator)
