"""Modules and functions that Python's own library has dropped or is about to drop."""

import libcst as cst

from analyzers.context import Context
from analyzers.rule import Rule
from analyzers.syntax import dotted, is_name

_BATTERIES = ("aifc", "audioop", "cgi", "cgitb", "chunk", "crypt", "imghdr",
              "lib2to3", "mailcap", "msilib", "nis", "nntplib", "ossaudiodev",
              "pipes", "sndhdr", "spwd", "sunau", "telnetlib", "uu", "xdrlib")  # fmt: skip
_MODULES = dict.fromkeys(_BATTERIES, "3.13") | dict.fromkeys(("asynchat", "asyncore", "distutils", "imp", "smtpd"), "3.12") | {
    "binhex": "3.11", "formatter": "3.10", "parser": "3.10", "symbol": "3.10", "dummy_threading": "3.9", "macpath": "3.8",
}  # fmt: skip
_GONE = {
    "inspect.getargspec": "3.11", "ssl.match_hostname": "3.12", "time.clock": "3.8", "platform.linux_distribution": "3.8",
    "platform.dist": "3.8", "cgi.escape": "3.8", "base64.encodestring": "3.9", "base64.decodestring": "3.9", "fractions.gcd": "3.9",
    "unittest.makeSuite": "3.13", "unittest.findTestCases": "3.13", "importlib.find_loader": "3.12", "pkgutil.find_loader": "3.14",
    "pkgutil.get_loader": "3.14", "ast.Num": "3.14", "ast.Str": "3.14", "ast.NameConstant": "3.14", "gettext.lgettext": "3.11",
    "locale.format": "3.12", "random.jumpahead": "3.0", "string.maketrans": "3.0", "os.getcwdu": "3.0", "asyncio.async": "3.10",
}  # fmt: skip
_RENAMED = {"threading.currentThread": "current_thread", "threading.activeCount": "active_count", "logging.warn": "warning"}
_ASSERTIONS = {
    "assertEquals": "assertEqual", "assertNotEquals": "assertNotEqual", "assert_": "assertTrue", "assertItemsEqual": "assertCountEqual",
    "assertAlmostEquals": "assertAlmostEqual", "assertRegexpMatches": "assertRegex", "assertRaisesRegexp": "assertRaisesRegex",
    "assertNotRegexpMatches": "assertNotRegex", "failUnless": "assertTrue", "failIf": "assertFalse",
}  # fmt: skip
_DAEMON = frozenset({"threading.Thread().setDaemon", "threading.Thread().isDaemon", "threading.Timer().setDaemon"})
_NUMPY = frozenset(f"numpy.{name}" for name in ("int", "float", "object", "complex"))
_ALIASES = frozenset({"int", "float", "object", "complex"})
"""`bool` and `str` came back with NumPy 2."""
_ABSTRACT = frozenset({"Callable", "Iterable", "Iterator", "Generator", "Mapping", "MutableMapping", "Sequence", "MutableSequence", "Set",
                       "MutableSet", "Hashable", "Sized", "Container"})  # fmt: skip


class DeprecatedStdlib(Rule):
    """Part of Python's library is used that newer versions have dropped.

    The program stops with ImportError or AttributeError as soon as it runs on such a version. A module is told of once a file.

    Fix: use what the library's page names instead, e.g. `importlib` for `imp`, `subprocess` for `pipes`, `assertEqual` for `assertEquals`.
    """

    severity = "medium"
    cwe = 477
    prior = 0.7
    references = ("https://docs.python.org/3/library/removed.html", "https://peps.python.org/pep-0594/")
    calls = frozenset(_GONE) | frozenset(_RENAMED)
    methods = (*_ASSERTIONS, "setDaemon", "isDaemon")
    invalid = (
        "import imp\nm = imp.load_source('a', 'a.py')",
        "from distutils.version import LooseVersion\nx = LooseVersion('1.2')",
        "import cgi as c\nform = c.FieldStorage()",
        "import inspect\ndef f(g):\n    return inspect.getargspec(g)",
        "from collections import Mapping, OrderedDict",
        "import collections\ndef f(x):\n    return isinstance(x, collections.Iterable)",
        "class T(TestCase):\n    def test_sum(self):\n        self.assertEquals(add(1, 2), 3)",
        "import threading as t\nname = t.currentThread().name",
        "import threading\nt = threading.Thread(target=print)\nt.setDaemon(True)",
        "import numpy as np\nx = np.zeros(3, dtype=np.object)",
        "from time import clock\nstart = clock()",
    )
    valid = (
        "import importlib.util\nspec = importlib.util.find_spec('a')",
        "try:\n    from collections.abc import Mapping\nexcept ImportError:\n    from collections import Mapping",
        "from collections import OrderedDict, namedtuple",
        "from .cgi import Form\nfrom shop import imp",
        "import inspect\ndef f(g):\n    return inspect.getfullargspec(g)",
        "class T(TestCase):\n    def test_sum(self):\n        self.assertEqual(add(1, 2), 3)",
        "def f(clock, checker):\n    checker.assertEquals(1, 2)\n    return clock()",
        "import threading\nname = threading.current_thread().name",
    )

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._told: set[str] = set()

    def visit_Import(self, node: cst.Import) -> None:
        """Looks at modules."""
        for alias in node.names:
            self._module(alias, dotted(alias.name))

    def visit_ImportFrom(self, node: cst.ImportFrom) -> None:
        """Looks at modules, and at what has moved to `collections.abc`."""
        if node.relative or isinstance(node.names, cst.ImportStar):
            return
        module = dotted(node.module) or ""
        self._module(node, module)
        if module == "collections" and not self.context.inside(cst.Try) and any(is_name(one.name, *_ABSTRACT) for one in node.names):
            self.report(node, "Abstract classes left `collections` for `collections.abc`; Python 3.10 has them there only.")

    def visit_Attribute(self, node: cst.Attribute) -> None:
        """Looks at `collections.Mapping` and the like."""
        if node.attr.value in _ABSTRACT and self.qualified_name(node) == f"collections.{node.attr.value}":
            self.report(node, "Abstract classes left `collections` for `collections.abc`; Python 3.10 has them there only.")
        elif node.attr.value in _ALIASES and self.qualified_name(node) in _NUMPY:
            self.report(node, f"`numpy.{node.attr.value}` is gone since NumPy 1.24: it was Python's own `{node.attr.value}`.")

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at functions that are gone or renamed, and mends the renamed."""
        word = node.func.attr if isinstance(node.func, cst.Attribute) else None
        if word is not None and word.value in _ASSERTIONS:
            if isinstance(node.func, cst.Attribute) and is_name(node.func.value, "self"):
                told = f"`{word.value}` is gone since Python 3.12; it is called `{_ASSERTIONS[word.value]}`."
                self.report(node, told, replacement=(word, cst.Name(_ASSERTIONS[word.value])))
            return
        name = self.qualified_name(node.func) or ""
        if name in _DAEMON:
            self.report(node, "`setDaemon` is deprecated: say `daemon=True` or set the attribute.", severity="low")
        if name in _GONE:
            self.report(node, f"`{name}` is gone since Python {_GONE[name]}.")
        elif name in _RENAMED:
            mend = None if word is None else (word, cst.Name(_RENAMED[name]))
            self.report(node, f"`{name}` is deprecated; it is called `{_RENAMED[name]}`.", severity="low", replacement=mend)

    def _module(self, node: cst.CSTNode, name: str | None) -> None:
        first = (name or "").split(".")[0]
        if first in _MODULES and first not in self._told and not self.context.inside(cst.Try):
            self._told.add(first)
            self.report(node, f"The module `{first}` is gone since Python {_MODULES[first]}.")
