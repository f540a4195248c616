"""Compressed data of strangers that is unpacked without a limit."""

import re

import libcst as cst

from analyzers.blocks import last_name
from analyzers.literal import resolve
from analyzers.rule import Rule
from analyzers.syntax import argument, descend

_AT_ONCE = frozenset(f"{module}.decompress" for module in ("zlib", "gzip", "bz2", "lzma", "brotli", "zstandard"))
_MEMBERS = frozenset({"extractall", "extract", "read"})
_OUTSIDE = re.compile(r"(^|_)(request|upload|uploads|uploaded|body|payload|response|received|incoming|attachment|event)($|_)")
_OUTSIDE_WORDS = frozenset({"recv", "urlopen", "get_data", "files", "request"})


class DecompressionBomb(Rule):
    """Compressed data that came from outside is unpacked whole, however large it becomes.

    Ten kilobytes of zeros, packed, unpack to ten megabytes, and archives in archives to terabytes: memory or disk is full.

    Fix: look at `file_size` of every member before unpacking and at the sum;
    decompress with `decompressobj().decompress(data, max_length)`.
    """

    severity = "medium"
    confidence = "medium"
    cwe = 409
    prior = 0.6
    references = ("https://docs.python.org/3/library/zipfile.html#decompression-pitfalls",)
    triggers = ("ZipFile", "decompress")
    invalid = (
        ("import zipfile\nfrom flask import request\ndef up():\n    z = zipfile.ZipFile(request.files['z'])\n"
         "    z.extractall('out')"),
        "from zipfile import ZipFile\ndef up(uploaded_file):\n    with ZipFile(uploaded_file) as z:\n        return z.read('a.txt')",
        "import gzip\ndef view(request):\n    return gzip.decompress(request.body)",
        "import zlib\ndef handle(conn):\n    data = conn.recv(4096)\n    return zlib.decompress(data)",
        ("import zipfile, io\nasync def take(payload):\n    z = zipfile.ZipFile(io.BytesIO(payload))\n"
         "    return {n: z.read(n) for n in z.namelist()}"),
        "import lzma as x\nclass Job:\n    def run(self, response):\n        return x.decompress(response.content)",
    )
    valid = (
        "import zlib\ndef load(session, Document):\n    packed = session.scalar(Document.body)\n    return zlib.decompress(packed)",
        ("import zipfile\ndef up(uploaded_file):\n    with zipfile.ZipFile(uploaded_file) as z:\n"
         "        if sum(one.file_size for one in z.infolist()) > LIMIT:\n            raise ValueError\n        z.extractall('out')"),
        "import zipfile\nwith zipfile.ZipFile('assets.zip') as z:\n    z.extractall('out')",
        "import zlib\ndef view(request):\n    return zlib.decompressobj().decompress(request.body, 10**6)",
        "import gzip\ndef load(path):\n    return gzip.decompress(path.read_bytes())",
        "import zipfile\ndef up(uploaded_file):\n    return zipfile.ZipFile(uploaded_file).namelist()",
        "def f(codec, request):\n    return codec.decompress(request.body)",
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at what is unpacked and where it comes from."""
        word = last_name(node.func)
        if word == "decompress":
            if node.args and self.qualified_name(node.func) in _AT_ONCE and argument(node, "max_length") is None:
                self._check(node, node.args[0].value)
        elif word in _MEMBERS and isinstance(node.func, cst.Attribute):
            archive = self._archive(node.func.value)
            if archive is not None and archive.args and not self._measured():
                self._check(node, archive.args[0].value)

    def _archive(self, owner: cst.BaseExpression) -> cst.Call | None:
        """The call that opened the archive."""
        if self.qualified_name(owner) != "zipfile.ZipFile()":
            return None
        if isinstance(owner, cst.Name):
            found = [one.value for one in self.scope.reaching(owner.value, owner) if one.value is not None]
            owner = found[0] if found else owner
        return owner if isinstance(owner, cst.Call) else None

    def _measured(self) -> bool:
        return any(isinstance(one, cst.Attribute) and one.attr.value == "file_size" for one in descend(self.scope.node, into_scopes=True))

    def _check(self, node: cst.Call, data: cst.BaseExpression) -> None:
        parts = [one for start in (data, resolve(data, self.scope)) for one in descend(start)]
        attributes = {id(one.attr) for one in parts if isinstance(one, cst.Attribute)}
        names = [one for one in parts if isinstance(one, cst.Name)]
        if any(one.value in _OUTSIDE_WORDS or (id(one) not in attributes and _OUTSIDE.search(one.value.lower())) for one in names):
            self.report(node)
