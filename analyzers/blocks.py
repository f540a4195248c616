"""Statements of a block, and what the statements around a node are."""

from collections.abc import Iterator, Sequence

import libcst as cst

from analyzers.syntax import descend


def statements(body: cst.BaseSuite | cst.Module) -> list[cst.CSTNode]:
    """The statements of a block, with the small ones of a line one by one."""
    if isinstance(body, cst.SimpleStatementSuite):
        return list(body.body)
    found: list[cst.CSTNode] = []
    for line in body.body:
        found.extend(line.body if isinstance(line, cst.SimpleStatementLine) else [line])
    return found


def last_name(func: cst.BaseExpression) -> str:
    """`c` of `a.b.c` or of `c`; "" for anything else."""
    last = func.attr if isinstance(func, cst.Attribute) else func
    return last.value if isinstance(last, cst.Name) else ""


def calls_in(node: cst.CSTNode, *, into_scopes: bool = False) -> Iterator[cst.Call]:
    """Every call below `node`."""
    return (one for one in descend(node, into_scopes=into_scopes) if isinstance(one, cst.Call))


def expression_of(statement: cst.CSTNode) -> cst.BaseExpression | None:
    """The expression that a statement throws away, without an `await`; None for other statements."""
    if not isinstance(statement, cst.Expr):
        return None
    return statement.value.expression if isinstance(statement.value, cst.Await) else statement.value


def enclosing(parents: Sequence[cst.CSTNode]) -> cst.FunctionDef | cst.Lambda | None:
    """The innermost function around."""
    return next((one for one in reversed(parents) if isinstance(one, cst.FunctionDef | cst.Lambda)), None)


def in_loop(parents: Sequence[cst.CSTNode]) -> bool:
    """Whether a loop of the same function is around."""
    for one in reversed(parents):
        if isinstance(one, cst.For | cst.While):
            return True
        if isinstance(one, cst.FunctionDef | cst.Lambda | cst.ClassDef):
            return False
    return False
