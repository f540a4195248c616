"""Which expressions can only ever be what the source says, so that nobody outside has a word in them."""

import libcst as cst

from analyzers.names import qualified_name
from analyzers.scope import Binding, Scope
from analyzers.syntax import is_name, string_value

DEPTH_MAX = 24
_NUMBERS = frozenset(f"builtins.{name}" for name in ("int", "float", "len", "bool", "ord", "hash"))
_WRAPPERS = frozenset(
    {"builtins.str", "builtins.tuple", "builtins.list", "builtins.sorted", "builtins.set", "builtins.frozenset",
     "builtins.dict", "textwrap.dedent", "sqlalchemy.text", "sqlalchemy.sql.text"}
)  # fmt: skip
_FROZEN = frozenset({"immutabledict", "frozendict", "ImmutableDict", "MappingProxyType", "OrderedDict"})
_REPEATABLE = (cst.SimpleString, cst.List, cst.Tuple)
_KEEPERS = frozenset({"join", "format", "strip", "lower", "upper", "replace", "lstrip", "rstrip", "title"})

_QUOTERS = frozenset({"quote_name", "quote_identifier", "quote_ident", "quote_name_unless_alias", "quote_schema", "format_table",
                      "format_column"})  # fmt: skip
"""What a database's own quoting of a name gives stays one name, and names cannot be parameters."""


def is_constant(node: cst.CSTNode | None, scope: Scope, depth: int = 0) -> bool:
    """Whether the value of `node` is fixed by the source, or is a number and so cannot carry code or SQL.

    A choice among constants is constant: `COLUMNS[key]` of a literal dict, `a if x else b`, a loop over a literal.
    """
    if node is None or depth > DEPTH_MAX:
        return node is None
    match node:
        case cst.SimpleString() | cst.Integer() | cst.Float() | cst.Imaginary() | cst.Ellipsis():
            return True
        case cst.Name():
            return node.value in ("None", "True", "False") or _is_fixed(node, scope, depth)
        case cst.FormattedStringText() | cst.TemplatedStringText():
            return True
        case cst.FormattedStringExpression():
            return is_constant(node.expression, scope, depth + 1)
        case cst.BinaryOperation():
            return _operation(node, scope, depth)
        case cst.IfExp():
            return all(is_constant(one, scope, depth + 1) for one in (node.body, node.orelse))
        case cst.Subscript():
            return is_constant(node.value, scope, depth + 1)
        case cst.Comparison():
            return True
        case cst.Call():
            return _call(node, scope, depth)
        case cst.GeneratorExp() | cst.ListComp() | cst.SetComp():
            return is_constant(node.elt, scope, depth + 1)
        case _:
            return _parts(node, scope, depth)


def _parts(node: cst.CSTNode, scope: Scope, depth: int) -> bool:
    parts: list[cst.CSTNode]
    match node:
        case cst.Attribute():
            return _is_fixed_attribute(node, scope, depth)
        case cst.FormattedString():
            parts = list(node.parts)
        case cst.ConcatenatedString():
            parts = [node.left, node.right]
        case cst.BooleanOperation():
            parts = [node.left, node.right]
        case cst.UnaryOperation():
            parts = [node.expression]
        case cst.Tuple() | cst.List() | cst.Set():
            parts = [element.value for element in node.elements]
        case cst.Dict():
            parts = [element.value for element in node.elements]
        case _:
            return False
    return all(is_constant(one, scope, depth + 1) for one in parts)


def _operation(node: cst.BinaryOperation, scope: Scope, depth: int) -> bool:
    """Also for long sums, which lean left: walked in a loop, not by recursion."""
    left: cst.BaseExpression = node
    while isinstance(left, cst.BinaryOperation):
        repeats = isinstance(left.operator, cst.Multiply) and isinstance(left.left, _REPEATABLE)
        if not repeats and not is_constant(left.right, scope, depth + 1):
            return False
        left = left.left
    return is_constant(left, scope, depth + 1)


def _call(node: cst.Call, scope: Scope, depth: int) -> bool:
    name = qualified_name(node.func, scope)
    word = node.func.attr.value if isinstance(node.func, cst.Attribute) else node.func.value if isinstance(node.func, cst.Name) else ""
    if name in _NUMBERS or word in _QUOTERS or _stands_for_quoter(node.func, scope):
        return True
    values = [arg.value for arg in node.args]
    if name in _WRAPPERS or word in _FROZEN:
        return all(is_constant(one, scope, depth + 1) for one in values)
    if isinstance(node.func, cst.Attribute):
        method = node.func.attr.value
        if method in ("get", "keys", "values", "items"):
            return is_constant(node.func.value, scope, depth + 1) and all(
                is_constant(one, scope, depth + 1) for one in values[1:]
            )
        if method in _KEEPERS:
            return all(is_constant(one, scope, depth + 1) for one in (node.func.value, *values))
    return False


def _stands_for_quoter(func: cst.BaseExpression, scope: Scope) -> bool:
    """Whether it is a short name for one: `qn = connection.ops.quote_name`."""
    found = scope.reaching(func.value, func) if isinstance(func, cst.Name) else []
    return bool(found) and all(isinstance(one.value, cst.Attribute) and one.value.attr.value in _QUOTERS for one in found)


def _is_fixed(name: cst.Name, scope: Scope, depth: int) -> bool:
    found = scope.reaching(name.value, name)
    owner = scope.owner(name.value)
    return bool(found) and owner is not None and all(_keeps(one, owner, depth) for one in found)


def _keeps(binding: Binding, owner: Scope, depth: int) -> bool:
    if binding.kind not in ("assign", "augment", "loop", "element") or binding.value is None:
        return False
    if id(binding) not in owner.fixed:
        owner.fixed[id(binding)] = False  # who asks again on the way goes in a circle
        owner.fixed[id(binding)] = is_constant(binding.value, owner, depth + 1)
    return owner.fixed[id(binding)]


def _is_fixed_attribute(node: cst.Attribute, scope: Scope, depth: int) -> bool:
    """Whether it is `self.x` and all that the class gives `x` is fixed."""
    owner = _class_around(scope) if is_name(node.value, "self") else None
    if owner is None:
        return False
    values = owner.attribute_values(node.attr.value)
    return bool(values) and all(value is not None and is_constant(value, inner, depth + 1) for value, inner in values)


def _class_around(scope: Scope) -> Scope | None:
    around: Scope | None = scope
    while around is not None and not isinstance(around.node, cst.ClassDef):
        around = around.parent
    return around


def is_counter(node: cst.CSTNode, scope: Scope) -> bool:
    """Whether it is `self.x` of a class whose body starts `x` with a whole number and whose methods only add to it."""
    if not (isinstance(node, cst.Attribute) and is_name(node.value, "self")):
        return False
    around = _class_around(scope)
    values = [value for value, _ in around.attribute_values(node.attr.value)] if around is not None else []
    return any(isinstance(one, cst.Integer) for one in values) and all(one is None or isinstance(one, cst.Integer) for one in values)


def fixed_text(node: cst.CSTNode | None) -> str:
    """The literal pieces of a string expression, joined by spaces: enough to see what language it is in."""
    if node is None:
        return ""
    value = string_value(node)
    if value is not None:
        return value
    match node:
        case cst.FormattedString():
            return " ".join(one.value for one in node.parts if isinstance(one, cst.FormattedStringText))
        case cst.ConcatenatedString():
            return f"{fixed_text(node.left)}{fixed_text(node.right)}"
        case cst.BinaryOperation():
            return _sum_text(node)
        case cst.Call(func=cst.Attribute(value=value_of)):
            return fixed_text(value_of)
    return ""


def _sum_text(node: cst.BinaryOperation) -> str:
    pieces: list[str] = []
    left: cst.BaseExpression = node
    while isinstance(left, cst.BinaryOperation):
        pieces.append(fixed_text(left.right))
        left = left.left
    pieces.append(fixed_text(left))
    return " ".join(piece for piece in reversed(pieces) if piece)
