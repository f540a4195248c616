"""The compact form in which code is interpreted: what data flow needs of Python, and the libcst node to point at."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

import libcst as cst


@dataclass(slots=True, eq=False)
class Const:
    """A literal, or a tuple of literals."""

    value: Any


@dataclass(slots=True, eq=False)
class Name:
    """A name that is read."""

    id: str
    node: cst.CSTNode


@dataclass(slots=True, eq=False)
class Attr:
    """`value.name`."""

    value: "Expr"
    name: str
    node: cst.CSTNode


@dataclass(slots=True, eq=False)
class Item:
    """`value[key]`; `key` is None for a slice, which has `bounds`."""

    value: "Expr"
    key: "Expr | None"
    node: cst.CSTNode
    bounds: "tuple[Expr, ...]" = ()


@dataclass(slots=True, eq=False)
class Call:
    """A call. Arguments are (keyword or "" or "*" or "**", value)."""

    func: "Expr"
    args: list[tuple[str, "Expr"]]
    node: cst.CSTNode


@dataclass(slots=True, eq=False)
class Binary:
    """An arithmetic operation, by libcst's class name of its operator."""

    op: str
    left: "Expr"
    right: "Expr"
    node: cst.CSTNode


@dataclass(slots=True, eq=False)
class Joined:
    """An f-string's parts in order."""

    parts: list["Expr"]
    node: cst.CSTNode


@dataclass(slots=True, eq=False)
class Logic:
    """`and` and `or`."""

    op: str
    left: "Expr"
    right: "Expr"


@dataclass(slots=True, eq=False)
class Unary:
    """`not x`, `-x` and the like."""

    op: str
    value: "Expr"


@dataclass(slots=True, eq=False)
class Compare:
    """A chain of comparisons, each (operator's class name, right side)."""

    left: "Expr"
    rest: list[tuple[str, "Expr"]]


@dataclass(slots=True, eq=False)
class Cond:
    """`body if test else orelse`."""

    test: "Expr"
    body: "Expr"
    orelse: "Expr"


@dataclass(slots=True, eq=False)
class Sequence:
    """A list, tuple or set display; starred elements are marked True."""

    elements: list[tuple[bool, "Expr"]]


@dataclass(slots=True, eq=False)
class Mapping:
    """A dict display; a key of None stands for `**value`."""

    pairs: list[tuple["Expr | None", "Expr"]]


@dataclass(slots=True, eq=False)
class Comprehension:
    """A comprehension or generator expression; each clause is (target, iterable, conditions)."""

    key: "Expr | None"
    element: "Expr"
    clauses: list[tuple["Target", "Expr", list["Expr"]]]


@dataclass(slots=True, eq=False)
class Yield:
    """`yield x`, or `yield from x` where `whole`."""

    value: "Expr | None"
    whole: bool


@dataclass(slots=True, eq=False)
class Walrus:
    """`name := value`."""

    name: str
    value: "Expr"
    node: cst.CSTNode


@dataclass(slots=True, eq=False)
class Lambda:
    """A function without a name."""

    function: "Function"


@dataclass(slots=True, eq=False)
class Star:
    """A starred element of a target."""

    value: "Target"


Expr = (
    Const | Name | Attr | Item | Call | Binary | Joined | Logic | Unary | Compare | Cond | Sequence | Mapping | Comprehension
    | Yield | Walrus | Lambda
)  # fmt: skip
Target = Any
"""Name, Attr, Item, Star, or a list of targets."""


@dataclass(slots=True, eq=False)
class Assign:
    """One value for one or more targets."""

    targets: list[Target]
    value: Expr


@dataclass(slots=True, eq=False)
class Augment:
    """`target op= value`."""

    target: Target
    op: str
    value: Expr
    node: cst.CSTNode


@dataclass(slots=True, eq=False)
class Do:
    """An expression as a statement."""

    value: Expr


@dataclass(slots=True, eq=False)
class If:
    """A branch."""

    test: Expr
    body: "Block"
    orelse: "Block"


@dataclass(slots=True, eq=False)
class While:
    """A loop with a test."""

    test: Expr
    body: "Block"
    orelse: "Block"


@dataclass(slots=True, eq=False)
class For:
    """A loop over an iterable, also `async for`."""

    target: Target
    iter: Expr
    body: "Block"
    orelse: "Block"


@dataclass(slots=True, eq=False)
class Try:
    """try with its handlers, each (name or "", body)."""

    body: "Block"
    handlers: list[tuple[str, "Block"]]
    orelse: "Block"
    final: "Block"


@dataclass(slots=True, eq=False)
class With:
    """with and `async with`: pairs of (context, target or None)."""

    items: list[tuple[Expr, Target]]
    body: "Block"


@dataclass(slots=True, eq=False)
class Return:
    """return."""

    value: Expr | None
    node: cst.CSTNode


@dataclass(slots=True, eq=False)
class Leave:
    """raise, break and continue: nothing after it in this block runs."""

    word: str
    value: Expr | None = None


@dataclass(slots=True, eq=False)
class Case:
    """One case: the constants it accepts (None: anything), the names it binds, its guard and its body."""

    constants: tuple[Any, ...] | None
    names: list[str]
    guard: Expr | None
    body: "Block"


@dataclass(slots=True, eq=False)
class Match:
    """match."""

    subject: Expr
    cases: list[Case]


@dataclass(slots=True, eq=False)
class Import:
    """Names that an import binds, with the full name each stands for; "*" binds all of that module."""

    names: list[tuple[str, str]]


@dataclass(slots=True, eq=False)
class Forget:
    """`del name`, `del value[key]`."""

    names: list[str]
    items: list[Item] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Param:
    """A parameter; `star` is "", "*" or "**"."""

    name: str
    default: Expr | None
    annotation: str
    star: str
    node: cst.CSTNode


@dataclass(slots=True, eq=False)
class Function:
    """A function, method or lambda."""

    name: str
    params: list[Param]
    body: "Block"
    decorators: list[Expr]
    node: cst.CSTNode
    generator: bool = False
    owner: "Class | None" = None
    shared: set[str] = field(default_factory=set)
    """Names it declares global or nonlocal."""


@dataclass(slots=True, eq=False)
class Class:
    """A class: its methods by name, and the statements of its body."""

    name: str
    bases: list[Expr]
    body: "Block"
    methods: dict[str, Function]
    node: cst.CSTNode
    decorators: list[Expr] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)
    """What its body annotates, in order, with the names in the annotation: the parameters of a dataclass or the like."""


Stmt = Assign | Augment | Do | If | While | For | Try | With | Return | Leave | Match | Import | Forget | Function | Class
Block = list[Stmt]


@dataclass(slots=True, eq=False)
class Module:
    """A whole file; `functions` are all of it, inner ones too."""

    name: str
    path: str
    body: Block
    functions: list[Function]
    tree: cst.Module
    shared: set[str]
    """Module names that some function assigns by `global`."""


def calls(part: Any) -> Iterator[cst.CSTNode]:
    """The calls in a block, statement or expression; not those in functions that it defines."""
    stack = [part]
    while stack:
        one = stack.pop()
        if isinstance(one, Call):
            yield one.node
        if isinstance(one, list | tuple):
            stack += one
        elif is_dataclass(one) and not isinstance(one, Function | Class | type):
            stack += [getattr(one, name.name) for name in fields(one)]
