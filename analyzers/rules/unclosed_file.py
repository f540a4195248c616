"""Files and sockets that are opened and never closed."""

import libcst as cst

from analyzers.context import Context
from analyzers.ownership import BORROWERS, released
from analyzers.rule import Rule
from analyzers.scope import Scope
from analyzers.syntax import ScopeNode, descend

_OPENERS = frozenset(
    {"builtins.open", "io.open", "codecs.open", "gzip.open", "bz2.open", "lzma.open", "os.fdopen", "tarfile.open",
     "zipfile.ZipFile", "pathlib.Path().open", "socket.socket", "socket.create_connection", "urllib.request.urlopen",
     "tempfile.TemporaryFile", "tempfile.NamedTemporaryFile", "sqlite3.connect", "wave.open", "dbm.open",
     "shelve.open", "os.open"}
)  # fmt: skip


class UnclosedFile(Rule):
    """What is opened here is never closed; it stays open until the garbage collector happens to find it.

    Open files are few for each process; written data may stay in the buffer and be lost when the program ends, and on
    Windows nobody else can delete or rename the file.

    Fix: open it with `with open(...) as file:`, or call `close()` in a `finally`.
    """

    severity = "medium"
    cwe = 772
    prior = 0.7
    references = ("https://docs.python.org/3/tutorial/inputoutput.html#reading-and-writing-files",)
    triggers = ("open", "socket", "connect", "ZipFile", "TemporaryFile")
    calls = tuple(sorted(_OPENERS))
    invalid = (
        "def f(path):\n    file = open(path)\n    return file.read()",
        "import json\ndef f(path):\n    return json.load(open(path))",
        "def f(path):\n    return open(path).read()",
        "def f(path):\n    file = open(path, 'w')\n    file.write('x')",
        "import csv\ndef f(path):\n    file = open(path)\n    return list(csv.reader(file))",
        "from pathlib import Path\ndef f(name):\n    return Path(name).open().read()",
        "def f(path):\n    for line in open(path):\n        print(line)",
        "file = open('x')\nprint(file.read())",
        "import gzip\ndef f(path):\n    data = gzip.open(path)\n    return data.readlines()",
        "import os\ndef f(path):\n    fd = os.open(path, os.O_RDONLY)\n    return os.read(fd, 10)",
        "def f(path):\n    try:\n        file = open(path)\n    except OSError:\n        raise\n    file.read()",
    )
    valid = (
        "def f(path):\n    with open(path) as file:\n        return file.read()",
        "def f(path):\n    file = open(path)\n    try:\n        file.read()\n    finally:\n        file.close()",
        "def f(path):\n    return open(path)",
        "def f(path):\n    file = open(path)\n    return file",
        "def f(path):\n    file = open(path)\n    with file:\n        return file.read()",
        "from contextlib import closing\ndef f(path):\n    with closing(open(path)) as file:\n        file.read()",
        "class A:\n    def __init__(self, path):\n        self.file = open(path)",
        "class A:\n    def use(self, path):\n        file = open(path)\n        self.file = file",
        "def f(path, stack):\n    file = stack.enter_context(open(path))\n    return file.read()",
        "def f(path):\n    file = open(path)\n    return Reader(file)",
        "import subprocess\ndef f(path):\n    out = open(path, 'w')\n    subprocess.Popen(['ls'], stdout=out)",
        "def f(path):\n    file = open(path)\n    yield file",
        "def f(path):\n    file = open(path)\n    files = [file]\n    return files",
        "def f(path):\n    file = open(path)\n    def read():\n        return file.read()\n    return read",
        "def f(image):\n    return image.open('x').read()",
        "from pathlib import Path\ndef f(name):\n    return Path(name).read_text()",
        "from PIL import Image\ndef f(path):\n    picture = Image.open(path)\n    picture.show()",
        "def f(path):\n    open(path, 'w').close()",
        ("import os\ndef f(path):\n    fd = os.open(path, os.O_RDONLY)\n    try:\n        return os.read(fd, 10)\n    finally:\n"
         "        os.close(fd)"),
        "import os\ndef f(path):\n    return os.fdopen(os.open(path, os.O_RDONLY))",
        "import socket\ndef serve():\n    s = socket.socket()\n    s.listen()\n    while True:\n        handle(s.accept())",
        "log = None\ndef f(path):\n    global log\n    log = open(path)",
    )

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._looked_at: set[int] = set()

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at what is opened in the middle of an expression, so that nobody can close it, and at the names of the function around."""
        if id(self.scope.node) not in self._looked_at:
            self._looked_at.add(id(self.scope.node))
            self._check(self.scope.node, self.scope)
        around = self.parent()
        match around:
            case cst.Attribute(attr=cst.Name(value=method)):
                lost = method not in ("close", "detach", "__enter__", "fileno", "name", "makefile")
            case cst.Arg():
                call = self.parent(2)
                lost = isinstance(call, cst.Call) and self.qualified_name(call.func) in BORROWERS
            case cst.For() | cst.CompFor():
                lost = around.iter is node
            case _:
                lost = False
        if lost:
            self.report(node)

    def _check(self, place: ScopeNode, scope: Scope) -> None:
        if not isinstance(place, cst.Module | cst.FunctionDef):
            return
        opened = [
            one for one in scope.all_bindings()
            if one.kind == "assign" and isinstance(one.value, cst.Call) and not scope.declares_elsewhere(one.name)
            and self.context.qualified_name(one.value.func, scope) in _OPENERS
        ]  # fmt: skip
        if not opened:
            return
        kept = released(place, scope) | _served(place)
        for one in opened:
            if one.name not in kept and isinstance(one.value, cst.Call):
                self.report(one.value, about=[one.node])


def _served(place: ScopeNode) -> set[str]:
    """The sockets that a loop without end accepts connections from: they are open as long as the program runs."""
    endless = [one for one in descend(place) if isinstance(one, cst.While) and isinstance(one.test, cst.Name) and one.test.value == "True"]
    names = set()
    for call in (one for loop in endless for one in descend(loop) if isinstance(one, cst.Call)):
        match call.func:
            case cst.Attribute(value=cst.Name(value=name), attr=cst.Name(value="accept" | "recvfrom")):
                names.add(name)
    return names
