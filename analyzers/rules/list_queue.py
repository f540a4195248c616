"""Lists used as queues."""

import libcst as cst

from analyzers.blocks import calls_in
from analyzers.rule import Rule


class ListQueue(Rule):
    """The first item is taken out of a list in a loop: each time all others move up by one.

    A list is fast at its end only; a hundred thousand items cost five billion moves.

    Fix: `collections.deque` with `popleft()`.
    """

    severity = "info"
    cwe = 1050
    prior = 0.4
    references = ("https://docs.python.org/3/tutorial/datastructures.html#using-lists-as-queues",)
    triggers = ("pop(0)", "insert(0")
    invalid = (
        "def f(queue):\n    while queue:\n        handle(queue.pop(0))",
        "def f(todo):\n    while len(todo) > 0:\n        item = todo.pop(0)\n        print(item)",
    )
    valid = (
        "def f(queue):\n    while queue:\n        handle(queue.popleft())  # no pop(0)",
        "def f(args):\n    first = args.pop(0)\n    return first",
        "def f(queue):\n    while queue:\n        handle(queue.pop())",
    )

    def visit_While(self, node: cst.While) -> None:
        """Looks at loops that run as long as the list has items."""
        test = node.test
        owner = test.args[0].value if isinstance(test, cst.Call) and len(test.args) == 1 else test
        if isinstance(test, cst.Comparison) and isinstance(test.left, cst.Call) and len(test.left.args) == 1:
            owner = test.left.args[0].value
        if not isinstance(owner, cst.Name | cst.Attribute):
            return
        for call in calls_in(node.body):
            match call:
                case cst.Call(func=cst.Attribute(value=popped, attr=cst.Name(value="pop")), args=[cst.Arg(value=cst.Integer(value="0"))]):
                    if popped.deep_equals(owner):
                        self.report(call)
                        return
