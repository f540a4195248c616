"""The environment, shown."""

import libcst as cst

from analyzers.blocks import last_name
from analyzers.rule import Rule
from analyzers.syntax import descend

_SHOWS = frozenset({"jsonify", "JsonResponse", "HttpResponse", "Response", "JSONResponse", "make_response", "json_response", "print",
                    "info", "debug", "warning", "error"})  # fmt: skip


class EnvironmentExposed(Rule):
    """All variables of the environment are shown or logged, and passwords and keys are among them.

    Deployments hand over their secrets there.

    Fix: show the few variables that are meant, by name.
    """

    severity = "medium"
    confidence = "medium"
    cwe = 200
    prior = 0.8
    references = ("https://docs.python.org/3/library/os.html#os.environ",)
    triggers = ("environ",)
    invalid = (
        "import os\nfrom flask import jsonify\ndef f():\n    return jsonify(dict(os.environ))",
        "import os\nprint(os.environ)",
        "import os, logging\ndef f():\n    logging.info('env: %s', os.environ)",
        "from os import environ\nfrom django.http import JsonResponse\ndef view(request):\n    return JsonResponse({'env': dict(environ)})",
    )
    valid = (
        "import os\nfrom flask import jsonify\ndef f():\n    return jsonify(version=os.environ.get('VERSION'))",
        "import os\nprint(os.environ['HOME'])",
        "import os\nprint('HOME' in os.environ, len(os.environ))",
        "import os\nprint(sorted(os.environ.keys()))",
        "def f(environ):\n    print(environ)",
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at arguments that are or hold the whole of it."""
        if last_name(node.func) in _SHOWS and any(self._whole(arg.value) for arg in node.args):
            self.report(node)

    def _whole(self, node: cst.BaseExpression) -> bool:
        picked = {id(one.value) for one in descend(node) if isinstance(one, cst.Subscript | cst.Attribute)}
        compared = {id(part.comparator) for one in descend(node) if isinstance(one, cst.Comparison) for part in one.comparisons}
        counted = {id(arg.value) for one in descend(node) if isinstance(one, cst.Call) and last_name(one.func) in ("len", "bool", "sorted")
                   for arg in one.args}  # fmt: skip
        hidden = picked | compared | counted
        return any(
            isinstance(one, cst.Name | cst.Attribute) and id(one) not in hidden and self.qualified_name(one) == "os.environ"
            for one in descend(node)
        )
