"""Globals that many requests change at once."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import descend

_ROUTES = ("route", "get", "post", "put", "delete", "patch", "api_route", "task", "shared_task", "websocket")


class SharedGlobalState(Rule):
    """A request handler changes a global variable, which requests that run at the same time share.

    One overwrites what the other has read, and each worker process has a value of its own.

    Fix: keep it in the request (`flask.g`), in a database, or guard it with a lock.
    """

    severity = "medium"
    confidence = "medium"
    cwe = 362
    prior = 0.6
    references = ("https://flask.palletsprojects.com/en/stable/appcontext/",)
    triggers = ("global ",)
    invalid = (
        "n = 0\n@app.route('/')\ndef f():\n    global n\n    n += 1\n    return str(n)",
        "@app.get('/a')\ndef f():\n    global user\n    user = request.user",
        "@bp.post('/a')\nasync def f():\n    global last\n    last = 3",
        "@shared_task\ndef f():\n    global count\n    count = count + 1",
        "import threading\ndef work():\n    global total\n    total += 1\nthreading.Thread(target=work).start()",
        "@api.route('/x', methods=['POST'])\ndef f():\n    global cfg, n\n    if 1:\n        n = 2",
    )
    valid = (
        "n = 0\ndef f():\n    global n\n    n += 1",
        "@app.route('/')\ndef f():\n    global n\n    return n",
        "lock = Lock()\n@app.route('/')\ndef f():\n    global n\n    with lock:\n        n += 1",
        "@app.route('/')\ndef f():\n    n = 1\n    return n  # global n",
        "@property\ndef f(self):\n    global n\n    n = 1",
        "import threading\ndef work():\n    total = 1\nthreading.Thread(target=work).start()\ndef g():\n    global total\n    total = 1",
    )

    def __init__(self, context: object) -> None:
        super().__init__(context)  # type: ignore[arg-type]
        self._targets: set[str] | None = None

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        """Looks at handlers, tasks and what threads run."""
        if not (any(_is_route(one.decorator) for one in node.decorators) or node.name.value in self._threaded()):
            return
        declared = {item.name.value for one in descend(node.body) if isinstance(one, cst.Global) for item in one.names}
        if not declared:
            return
        changed = [one for one in descend(node.body) if _changes(one) & declared]
        locked = any(isinstance(one, cst.With) for one in descend(node.body))
        if changed and not locked:
            self.report(changed[0])

    def _threaded(self) -> set[str]:
        if self._targets is None:
            calls = (one for one in descend(self.context.module, into_scopes=True) if isinstance(one, cst.Call))
            args = (arg for call in calls for arg in call.args if arg.keyword is not None and arg.keyword.value == "target")
            self._targets = {arg.value.value for arg in args if isinstance(arg.value, cst.Name)}
        return self._targets


def _is_route(node: cst.BaseExpression) -> bool:
    func = node.func if isinstance(node, cst.Call) else node
    if isinstance(func, cst.Attribute):
        return func.attr.value in _ROUTES
    return isinstance(func, cst.Name) and func.value in ("shared_task", "task")


def _changes(node: cst.CSTNode) -> set[str]:
    targets: list[cst.CSTNode] = []
    if isinstance(node, cst.Assign):
        targets = [one.target for one in node.targets]
    elif isinstance(node, cst.AugAssign):
        targets = [node.target]
    return {one.value for one in targets if isinstance(one, cst.Name)}
