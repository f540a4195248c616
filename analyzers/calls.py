"""Rules about calls of named functions: the walk resolves the name once, the rule says what is wrong with the call."""

import libcst as cst

from analyzers.literal import number_of, resolve, text_of
from analyzers.rule import Rule
from analyzers.syntax import is_name


class CallRule(Rule):
    """A rule that looks at calls of `calls`, by full dotted name; `pkg.Class().method` for a method of an object."""

    def visit_Call(self, node: cst.Call) -> None:  # noqa: N802  libcst's name
        """Hands calls of these names to `check`."""
        name = self.qualified_name(node.func)
        if name is not None and name in self.calls:
            self.check(node, name)

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at one call. Every call of the names is the sin unless a rule says otherwise."""
        self.report(node)

    def text(self, node: cst.BaseExpression | None) -> str | None:
        """The text of a literal or of a name that stands for one."""
        return text_of(node, self.scope)

    def number(self, node: cst.BaseExpression | None) -> float | None:
        """The number of a literal or of a name that stands for one."""
        return number_of(node, self.scope)

    def is_true(self, node: cst.BaseExpression | None) -> bool:
        """Whether the expression is True, or a name that stands for it."""
        return node is not None and is_name(resolve(node, self.scope), "True")

    def is_false(self, node: cst.BaseExpression | None) -> bool:
        """Whether the expression is False, or a name that stands for it."""
        return node is not None and is_name(resolve(node, self.scope), "False")


def prefixed(prefix: str, *names: str) -> frozenset[str]:
    """`prefix.name` for each name."""
    return frozenset(f"{prefix}.{name}" for name in names)
