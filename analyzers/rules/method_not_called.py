"""Methods that are named but not called."""

import libcst as cst

from analyzers.rule import Rule

_VERBS = frozenset(
    {"close", "commit", "rollback", "start", "stop", "join", "flush", "clear", "save", "acquire", "release", "shutdown", "disconnect",
     "connect", "cancel", "terminate", "kill", "wait", "cleanup", "task_done", "notify", "notify_all", "quit", "logout", "seek", "truncate",
     "unlink", "mkdir", "rmdir", "communicate", "zero_grad", "backward", "eval", "train", "detach", "refresh", "delete", "full_clean"}
)  # fmt: skip


class MethodNotCalled(Rule):
    """The method is only named, not called: the line does nothing.

    Without the parentheses the name is looked up and thrown away, and no error tells of it.

    Fix: call it: `connection.close()`.
    """

    severity = "medium"
    cwe = 482
    prior = 0.9
    references = ("https://docs.python.org/3/reference/simple_stmts.html#expression-statements",)
    invalid = (
        "def f(connection):\n    connection.close",
        "import threading\nt = threading.Thread(target=print)\nt.start\nt.join()",
        "class A:\n    def f(self):\n        self.db.commit",
        "def f(s):\n    s.flush; s.close()",
    )
    valid = (
        "def f(connection):\n    connection.close()",
        "def f(x):\n    x.name",
        "try:\n    x.close\nexcept AttributeError:\n    pass",
        "with raises(AttributeError):\n    x.close",
        "def f(x):\n    return x.close",
    )

    def visit_Expr(self, node: cst.Expr) -> None:
        """Looks at bare attributes that sound like a deed; in `try` and `with` they ask whether it is there."""
        value = node.value
        if isinstance(value, cst.Attribute) and value.attr.value in _VERBS and not self.context.inside((cst.Try, cst.With)):
            self.report(node)
