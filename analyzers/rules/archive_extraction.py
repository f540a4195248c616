"""Archives unpacked wherever they say."""

import libcst as cst

from analyzers.blocks import calls_in, last_name
from analyzers.calls import CallRule
from analyzers.syntax import argument, descend, string_value

_CHECKS = ("realpath", "commonpath", "commonprefix", "abspath", "is_relative_to", "resolve", "normpath", "data_filter", "startswith")


class ArchiveExtraction(CallRule):
    """A tar archive is unpacked without a filter, so its members can land outside the folder.

    A member named `../../.ssh/authorized_keys`, or a link to such a place, overwrites what the program may write.

    Fix: `archive.extractall(folder, filter="data")`, which refuses such members.
    """

    severity = "high"
    confidence = "medium"
    cwe = 22
    prior = 0.75
    references = (
        "https://docs.python.org/3/library/tarfile.html#extraction-filters",
        "https://docs.python.org/3/library/zipfile.html#zipfile.ZipFile.extract",
    )
    triggers = ("tarfile", "unpack_archive")
    calls = frozenset(
        f"tarfile.{opener}().{method}" for opener in ("open", "TarFile", "TarFile.open") for method in ("extractall", "extract")
    ) | {"shutil.unpack_archive"}
    invalid = (
        "import tarfile\nwith tarfile.open('a.tar') as t:\n    t.extractall()",
        "import tarfile\nt = tarfile.open(p)\nt.extractall('x', members=None)",
        "from tarfile import open as o\ndef f(p):\n    with o(p) as t:\n        for m in t:\n            t.extract(m, 'x')",
        "import tarfile as tf\nclass A:\n    def f(self):\n        tf.open(self.p).extractall(self.d)",
        "import tarfile\nt = tarfile.TarFile('a.tar')\nt.extractall(path='x', filter='fully_trusted')",
        "import shutil\ndef f(upload):\n    upload.save('/srv/in.tar.gz')\n    shutil.unpack_archive('/srv/in.tar.gz', '/srv/data')",
        "import tarfile\nasync def f(b):\n    t = tarfile.open(fileobj=b)\n    t.extractall('out')",
    )
    valid = (
        "import tarfile\nwith tarfile.open('a.tar') as t:\n    t.extractall('x', filter='data')",
        "import tarfile\ndef f(p, keep):\n    with tarfile.open(p) as t:\n        t.extractall('x', filter=keep)",
        "import tarfile\ndef f(p):\n    with tarfile.open(p) as t:\n        t.extractall('x', members=safe(t))",
        "import zipfile\nwith zipfile.ZipFile('a') as z:  # tarfile\n    z.extractall()",
        ("import tarfile, os\ndef f(p, d):\n    with tarfile.open(p) as t:\n        for m in t:\n"
         "            if os.path.realpath(m.name).startswith(d):\n                t.extract(m, d)"),
        ("import tarfile\ndef f(p):\n    with tarfile.open(p) as t:\n        if hasattr(tarfile, 'data_filter'):\n"
         "            t.extractall('x', filter='data')\n        else:\n            t.extractall('x')"),
        "import tarfile\nwith tarfile.open('a.tar') as t:\n    print(t.getnames())",
        "import shutil\nshutil.unpack_archive('a.zip', 'd')\nshutil.unpack_archive(p, 'd', 'zip')",
        "import shutil\ndef f(p):\n    shutil.unpack_archive(p, 'd', filter='data')",
        "def f(tarfile):\n    tarfile.open('x').extractall()",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at filter, members and checks in the same function."""
        kept = argument(node, "filter")
        if name == "shutil.unpack_archive" and (kept is not None or self._is_zip(node)):
            return
        if kept is not None and string_value(kept) != "fully_trusted":
            return
        members = argument(node, "members", 1)
        chosen = members is not None and not (isinstance(members, cst.Name) and members.value == "None") and name.endswith("extractall")
        checked = any(last_name(call.func) in _CHECKS for call in calls_in(self.scope.node))
        if not chosen and not checked and not self._flagged() and not self._falls_back():
            self.report(node)

    def _is_zip(self, node: cst.Call) -> bool:
        """Whether format or name tell that it is a zip, whose members shutil keeps inside."""
        told = self.text(argument(node, "format", 2)) or self.text(argument(node, "filename", 0)) or ""
        return told.endswith("zip")

    def _falls_back(self) -> bool:
        """Whether the other branch of a test unpacks with a filter: this one is for Pythons that have none."""
        tests = [one for one in self.context.parents if isinstance(one, cst.If) and one.orelse is not None]
        return any("filter" in self._written(one.test) and any(argument(call, "filter") for call in calls_in(one)) for one in tests)

    def _written(self, node: cst.BaseExpression) -> str:
        return self.context.module.code_for_node(node)

    def _flagged(self) -> bool:
        return any(isinstance(one, cst.Attribute) and one.attr.value == "extraction_filter" for one in descend(self.scope.node))
