"""From libcst to the compact form: expressions."""

from typing import Any

import libcst as cst

from analyzers.flow import ir
from analyzers.syntax import children, literal_value

DEPTH_MAX = 200
"""Deeper expressions are cut off: what is in them counts as unknown."""


class Lowering:
    """Lowers the expressions of one module; statements are a layer above, in `lower_block`."""

    def __init__(self) -> None:
        self.functions: list[ir.Function] = []
        self._depth = 0
        self._yields = [False]

    def expr(self, node: cst.CSTNode | None) -> ir.Expr:
        """The compact form of an expression."""
        if node is None:
            return ir.Const(None)
        maker = _MAKERS.get(type(node).__name__)
        if maker is None or self._depth > DEPTH_MAX:
            return ir.Sequence([])
        self._depth += 1
        try:
            made: ir.Expr = maker(self, node)
            return made
        finally:
            self._depth -= 1

    def function(self, node: Any, name: str, body: Any, decorators: list[ir.Expr]) -> ir.Function:
        """A function whose body `body(self)` lowers."""
        made = ir.Function(name, self._params(node.params), [], decorators, node)
        self.functions.append(made)
        self._yields.append(False)
        made.body = body()
        made.generator = self._yields.pop()
        return made

    def _params(self, params: cst.Parameters) -> list[ir.Param]:
        found = [self._param(one, "") for one in (*params.posonly_params, *params.params)]
        if isinstance(params.star_arg, cst.Param):
            found.append(self._param(params.star_arg, "*"))
        found += [self._param(one, "") for one in params.kwonly_params]
        if params.star_kwarg is not None:
            found.append(self._param(params.star_kwarg, "**"))
        return found

    def _param(self, one: cst.Param, star: str) -> ir.Param:
        default = self.expr(one.default) if one.default is not None else None
        annotation = words(one.annotation.annotation) if one.annotation is not None else ""
        return ir.Param(one.name.value, default, annotation, star, one.name)

    def target(self, node: cst.CSTNode) -> ir.Target:
        """What an assignment writes to."""
        if isinstance(node, cst.Tuple | cst.List):
            return [self.target(one) for one in node.elements]
        if isinstance(node, cst.Element):
            return self.target(node.value)
        if isinstance(node, cst.StarredElement):
            return ir.Star(self.target(node.value))
        return self.expr(node)

    def _string(self, node: Any) -> ir.Expr:
        return ir.Const(literal_value(node))

    def _concatenated(self, node: cst.ConcatenatedString) -> ir.Expr:
        value = node.evaluated_value
        if value is not None:
            return ir.Const(value)
        return ir.Joined([self.expr(node.left), self.expr(node.right)], node)

    def _number(self, node: Any) -> ir.Expr:
        return ir.Const(node.evaluated_value if len(node.value) <= 40 else 0)

    def _name(self, node: cst.Name) -> ir.Expr:
        if node.value in _WORDS:
            return ir.Const(_WORDS[node.value])
        return ir.Name(node.value, node)

    def _formatted(self, node: Any) -> ir.Expr:
        return ir.Joined([self.expr(one) for one in node.parts], node)

    def _text(self, node: Any) -> ir.Expr:
        return ir.Const(node.value.replace("{{", "{").replace("}}", "}"))

    def _inside(self, node: Any) -> ir.Expr:
        inner = self.expr(node.expression)
        if getattr(node, "conversion", None) in ("r", "a"):
            return ir.Call(ir.Name("repr", node), [("", inner)], node)
        return inner

    def _attribute(self, node: cst.Attribute) -> ir.Expr:
        return ir.Attr(self.expr(node.value), node.attr.value, node)

    def _subscript(self, node: cst.Subscript) -> ir.Expr:
        keys = [one.slice for one in node.slice]
        key: ir.Expr | None = None
        if len(keys) == 1 and isinstance(keys[0], cst.Index):
            key = self.expr(keys[0].value)
        elif all(isinstance(one, cst.Index) for one in keys):
            key = ir.Sequence([(False, self.expr(one.value)) for one in keys if isinstance(one, cst.Index)])
        bounds: tuple[ir.Expr, ...] = ()
        if len(keys) == 1 and isinstance(keys[0], cst.Slice):
            bounds = tuple(self.expr(one) for one in (keys[0].lower, keys[0].upper, keys[0].step))
        return ir.Item(self.expr(node.value), key, node, bounds)

    def _call(self, node: cst.Call) -> ir.Expr:
        args = [(one.star or (one.keyword.value if one.keyword else ""), self.expr(one.value)) for one in node.args]
        return ir.Call(self.expr(node.func), args, node)

    def _binary(self, node: cst.BinaryOperation) -> ir.Expr:
        """Long sums lean left and go deep, so they are taken apart in a loop."""
        rights: list[tuple[cst.CSTNode, str, ir.Expr]] = []
        left: cst.BaseExpression = node
        while isinstance(left, cst.BinaryOperation):
            rights.append((left, type(left.operator).__name__, self.expr(left.right)))
            left = left.left
        made = self.expr(left)
        for at, op, right in reversed(rights):
            made = ir.Binary(op, made, right, at)
        return made

    def _logic(self, node: cst.BooleanOperation) -> ir.Expr:
        return ir.Logic(type(node.operator).__name__, self.expr(node.left), self.expr(node.right))

    def _unary(self, node: cst.UnaryOperation) -> ir.Expr:
        return ir.Unary(type(node.operator).__name__, self.expr(node.expression))

    def _compare(self, node: cst.Comparison) -> ir.Expr:
        rest = [(type(one.operator).__name__, self.expr(one.comparator)) for one in node.comparisons]
        return ir.Compare(self.expr(node.left), rest)

    def _cond(self, node: cst.IfExp) -> ir.Expr:
        return ir.Cond(self.expr(node.test), self.expr(node.body), self.expr(node.orelse))

    def _sequence(self, node: Any) -> ir.Expr:
        return ir.Sequence([(isinstance(one, cst.StarredElement), self.expr(one.value)) for one in node.elements])

    def _mapping(self, node: cst.Dict) -> ir.Expr:
        return ir.Mapping(
            [(self.expr(one.key) if isinstance(one, cst.DictElement) else None, self.expr(one.value)) for one in node.elements]
        )

    def _comprehension(self, node: Any) -> ir.Expr:
        clauses = []
        step: cst.CompFor | None = node.for_in
        while step is not None:
            clauses.append((self.target(step.target), self.expr(step.iter), [self.expr(one.test) for one in step.ifs]))
            step = step.inner_for_in
        if isinstance(node, cst.DictComp):
            return ir.Comprehension(self.expr(node.key), self.expr(node.value), clauses)
        return ir.Comprehension(None, self.expr(node.elt), clauses)

    def _yield(self, node: cst.Yield) -> ir.Expr:
        self._yields[-1] = True
        if isinstance(node.value, cst.From):
            return ir.Yield(self.expr(node.value.item), True)
        return ir.Yield(self.expr(node.value) if node.value is not None else None, False)

    def _walrus(self, node: cst.NamedExpr) -> ir.Expr:
        if not isinstance(node.target, cst.Name):
            return self.expr(node.value)
        return ir.Walrus(node.target.value, self.expr(node.value), node)

    def _lambda(self, node: cst.Lambda) -> ir.Expr:
        def body() -> ir.Block:
            return [ir.Return(self.expr(node.body), node.body)]

        return ir.Lambda(self.function(node, "<lambda>", body, []))


def words(node: cst.CSTNode) -> str:
    """The names in an annotation, spaced."""
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.SimpleString):
        return str(node.evaluated_value)
    return " ".join(words(one) for one in children(node))


_WORDS = {"None": None, "True": True, "False": False}
_MAKERS: dict[str, Any] = {
    "SimpleString": Lowering._string, "ConcatenatedString": Lowering._concatenated, "Integer": Lowering._number,
    "Float": Lowering._number, "Imaginary": Lowering._number, "Name": Lowering._name, "FormattedString": Lowering._formatted,
    "TemplatedString": Lowering._formatted, "FormattedStringText": Lowering._text, "TemplatedStringText": Lowering._text,
    "FormattedStringExpression": Lowering._inside, "TemplatedStringExpression": Lowering._inside, "Await": Lowering._inside,
    "Attribute": Lowering._attribute, "Subscript": Lowering._subscript, "Call": Lowering._call,
    "BinaryOperation": Lowering._binary, "BooleanOperation": Lowering._logic, "UnaryOperation": Lowering._unary,
    "Comparison": Lowering._compare, "IfExp": Lowering._cond, "Tuple": Lowering._sequence, "List": Lowering._sequence,
    "Set": Lowering._sequence, "Dict": Lowering._mapping, "GeneratorExp": Lowering._comprehension,
    "ListComp": Lowering._comprehension, "SetComp": Lowering._comprehension, "DictComp": Lowering._comprehension,
    "Yield": Lowering._yield, "NamedExpr": Lowering._walrus, "Lambda": Lowering._lambda,
}  # fmt: skip
