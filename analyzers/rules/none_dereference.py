"""Results that may be None, used at once."""

import libcst as cst

from analyzers.context import Context
from analyzers.rule import Rule
from analyzers.syntax import descend, is_name

_MAYBE = frozenset(
    {f"re.{name}()" for name in ("match", "search", "fullmatch")}
    | {f"re.compile().{name}()" for name in ("match", "search", "fullmatch")}
    | {"inspect.getmodule()", "shutil.which()", "mimetypes.guess_extension()", "importlib.util.find_spec()",
       "os.environ.get()", "os.getenv()"}
)  # fmt: skip


class NoneDereference(Rule):
    """The result is None when nothing was found, and is used here without a look: that raises AttributeError.

    It works with the texts at hand and fails on the first one that looks different.

    Fix: keep the result, and say what happens when it is None.
    """

    severity = "medium"
    confidence = "medium"
    cwe = 476
    prior = 0.6
    references = ("https://docs.python.org/3/library/re.html#match-objects",)
    triggers = ("re.", "from re", "getmodule", "which", "environ", "getenv", "guess_extension", "find_spec")
    invalid = (
        "import re\nx = re.match('a', t).group(1)",
        "from re import search as s\ndef f(t):\n    return s('a', t).start()",
        "import re\nP = re.compile('a')\ndef f(t):\n    return P.fullmatch(t).groups()",
        "import os\nhome = os.environ.get('HOME').strip()",
        "import shutil\nclass A:\n    path = shutil.which('git').lower()",
        "import re\nyear = re.search(r'\\d+', t)[0]",
        "import re\ndef year(text):\n    match = re.search('a', text)\n    return int(match.group(0))",
        "import shutil\ndef f():\n    path = shutil.which('git')\n    return path.strip() + path.lower()",
        "import os\ndef f():\n    for p in os.getenv('PATH').split(':'):\n        print(p)",
    )
    valid = (
        "import re\nm = re.match('a', t)\nif m:\n    print(m.group(1))",
        "import re\nx = re.findall('a', t).count(1)",
        "import os\nx = os.environ.get('HOME', '').strip()",
        "import os\nx = os.environ['HOME'].strip()",
        "import re\nif (m := re.match('a', t)) is not None:\n    print(m.group())",
        "import re\ndef f(t):\n    m = re.match('a', t)\n    if m is None:\n        return 0\n    return m.group()",
        "import re\ndef f(t):\n    m = re.match('a', t)\n    return m and m.group()",
        "import re\ndef f(t):\n    m = re.match('a', t)\n    try:\n        return m.group()\n    except AttributeError:\n        return 0",
        "import re\ndef f(t):\n    if m := re.match('a', t):\n        return m.group()",
        "def f(re, t):\n    return re.match('a', t).group()",
        "import re\nx = re.compile('a').pattern",
        "import re\nassert re.match('a', t)",
    )

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._asked: dict[int, bool] = {}

    def visit_Attribute(self, node: cst.Attribute) -> None:
        """Looks at `.group` and the like right behind the call."""
        self._check(node, node.value)

    def visit_Subscript(self, node: cst.Subscript) -> None:
        """The same with an index."""
        self._check(node, node.value)

    def _check(self, node: cst.CSTNode, value: cst.BaseExpression) -> None:
        if isinstance(value, cst.Name):
            value = self._unasked(value) or value
        if not isinstance(value, cst.Call):
            return
        name = self.qualified_name(value)
        has_default = len(value.args) > 1 and name in ("os.environ.get()", "os.getenv()")
        if name in _MAYBE and not has_default:
            self.report(node)

    def _unasked(self, name: cst.Name) -> cst.BaseExpression | None:
        """What a name of this function was given, if it is set once and nothing but its parts is ever used."""
        scope = self.scope
        found = scope.bindings(name.value) if scope.is_function else []
        if len(found) != 1 or not isinstance(found[0].node, cst.Assign) or not isinstance(found[0].value, cst.Call):
            return None
        key = found[0].value
        if id(key) not in self._asked:
            below = list(descend(scope.node, into_scopes=True))
            parts = {id(one.value) for one in below if isinstance(one, cst.Attribute | cst.Subscript)}
            bare = [one for one in below if is_name(one, name.value) and id(one) not in parts]
            self._asked[id(key)] = len(bare) > 1 or any(isinstance(one, cst.Try) for one in self.context.parents)
            return None if self._asked[id(key)] else key
        return None
