"""Uploads stored under the name that the sender chose."""

import re

import libcst as cst

from analyzers.blocks import last_name
from analyzers.rule import Rule
from analyzers.syntax import descend

_FILES = re.compile(r"(^|\.)(file|upload|uploaded|uploaded_file|image|attachment|photo|avatar|document|f)$", re.IGNORECASE)


class UnrestrictedUpload(Rule):
    """An upload is stored under the name that its sender gave, whatever kind of file it is.

    The name can lead out of the folder or end in `.py`, `.html` or `.php`, and the server may then run or show it.

    Fix: choose the name yourself, `f"{uuid4()}.png"`, or use `werkzeug.utils.secure_filename`, and check the type.
    """

    severity = "high"
    confidence = "medium"
    cwe = 434
    prior = 0.75
    references = (
        "https://flask.palletsprojects.com/en/stable/patterns/fileuploads/",
        "https://cheatsheetseries.owasp.org/cheatsheets/File_Upload_Cheat_Sheet.html",
    )
    triggers = (".filename",)
    methods = ("save",)
    calls = frozenset({"builtins.open"})
    invalid = (
        "import os\ndef f(file):\n    file.save(os.path.join('uploads', file.filename))",
        "from flask import request\ndef f():\n    upload = request.files['a']\n    upload.save('/srv/' + upload.filename)",
        "def f(request):\n    image = request.files['image']\n    image.save(f'static/{image.filename}')",
        "from pathlib import Path\nclass A:\n    def put(self, file):\n        file.save(Path('x') / file.filename)",
        "import os\ndef f(file):\n    path = os.path.join('up', file.filename)\n    file.save(path)",
        "async def f(file):\n    with open('up/' + file.filename, 'wb') as out:\n        out.write(await file.read())",
    )
    valid = (
        "from werkzeug.utils import secure_filename\ndef f(file):\n    file.save('up/' + secure_filename(file.filename))",
        "import uuid\ndef f(file):\n    file.save(f'up/{uuid.uuid4()}.png')",
        "def f(file):\n    print(file.filename)",
        "import os\ndef f(file):\n    ext = os.path.splitext(file.filename)[1]\n    file.save('up/a' + ext)",
        "def f(form):\n    form.save(commit=False)\n    return form.filename",
        "def f(file):\n    if not allowed(file.filename):\n        return\n    file.save('up/' + file.filename)",
        "def f(archive):\n    with open('x/' + archive.filename) as out:\n        return out.read()",
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at uploads being saved, and at files opened for writing under an upload's name."""
        saves = isinstance(node.func, cst.Attribute) and node.func.attr.value == "save"
        opens = self.qualified_name(node.func) == "builtins.open" and len(node.args) > 1 and "w" in _mode(node.args[1].value)
        if not node.args or not (saves or opens):
            return
        target = self._resolved(node.args[0].value)
        named = [one for one in descend(target) if isinstance(one, cst.Attribute) and one.attr.value == "filename"]
        owners = [one for one in named if isinstance(one.value, cst.Name) and _FILES.search(one.value.value)]
        if owners and not self._cleaned(target) and not self._checked():
            self.report(node)

    def _resolved(self, node: cst.BaseExpression) -> cst.BaseExpression:
        if isinstance(node, cst.Name):
            found = self.scope.reaching(node.value, node)
            if len(found) == 1 and found[0].value is not None:
                return found[0].value
        return node

    def _cleaned(self, target: cst.CSTNode) -> bool:
        safe = ("join", "Path", "str", "fspath", "format", "PurePath", "joinpath")
        return any(isinstance(one, cst.Call) and last_name(one.func) not in safe for one in descend(target))

    def _checked(self) -> bool:
        conditions = [one.test for one in descend(self.scope.node) if isinstance(one, cst.If | cst.Assert)]
        names = (below for test in conditions for below in descend(test))
        return any(isinstance(one, cst.Attribute) and one.attr.value in ("filename", "content_type", "mimetype") for one in names)


def _mode(node: cst.BaseExpression) -> str:
    return str(node.evaluated_value) if isinstance(node, cst.SimpleString) else ""
