"""Numbers that do not fit into the type they are put in."""

import re

import libcst as cst

from analyzers.blocks import last_name
from analyzers.literal import number_of
from analyzers.rule import Rule
from analyzers.syntax import argument, string_value

_TYPE = re.compile(r"^(u?)int(8|16|32|64)$|^c_(u?)int(8|16|32|64)$")
_PACKED = {"b": (-128, 127), "B": (0, 255), "h": (-(2**15), 2**15 - 1), "H": (0, 2**16 - 1), "i": (-(2**31), 2**31 - 1),
           "I": (0, 2**32 - 1), "l": (-(2**31), 2**31 - 1), "L": (0, 2**32 - 1)}  # fmt: skip
_MAKERS = frozenset(f"numpy.{name}" for name in ("array", "asarray", "full"))
_SUMS = frozenset({"sum", "cumsum", "prod", "cumprod"})
_LAST = _SUMS | {"pack", "to_bytes"} | {name.rpartition(".")[2] for name in _MAKERS}
_INPUTS = ("builtins.input", "flask.request.", "sys.argv", "os.environ")


class IntegerOverflow(Rule):
    """A number can be larger than the fixed-width type it is put in, and wraps around or raises.

    Python's own integers grow; those of NumPy, ctypes and struct do not: 300 becomes 44 in eight bits, and a sum turns negative.

    Fix: use a wider type (`int64`), or test the range before converting.
    """

    severity = "medium"
    cwe = 190
    prior = 0.75
    references = (
        "https://numpy.org/doc/stable/user/basics.types.html#overflow-errors",
        "https://docs.python.org/3/library/struct.html#format-characters",
    )
    triggers = ("numpy", "ctypes", "struct", "to_bytes")
    invalid = (
        "import numpy as np\ndef f(width):\n    return np.int8(width * 300)",
        "import numpy as np\nx = np.int8(300)",
        "import numpy as np\npixels = np.array([0, 128, 256], dtype=np.uint8)",
        "import struct\nhead = struct.pack('>BH', 1, 70000)",
        "import ctypes\nsize = ctypes.c_uint16(1 << 4) if small else ctypes.c_uint16(65536)",
        "import numpy as np\ndef total(values):\n    return np.sum(values, dtype=np.int8)",
        "import numpy\ndef read():\n    return numpy.int16(int(input('how many? ')))",
        "LIMIT = 70000\ndef f():\n    return (256).to_bytes(1, 'big'), LIMIT  # to_bytes",
        "import numpy as np\nclass A:\n    def f(self, values):\n        return values.cumsum(dtype='uint8')",
    )
    valid = (
        "import numpy as np\ndef f(width):\n    return np.int64(width * 300)",
        "import numpy as np\nx = np.int16(300)",
        "import numpy as np\npixels = np.array([0, 128, 255], dtype=np.uint8)",
        "import struct\nhead = struct.pack('>BH', 1, 65535)",
        "import ctypes\nsize = ctypes.c_uint16(65535)",
        "import numpy as np\ndef total(values):\n    return np.sum(values, dtype=np.int64)",
        "import numpy\ndef read(row):\n    return numpy.int16(row.count)",
        "def f():\n    return (255).to_bytes(1, 'big'), (256).to_bytes(2, 'big')",
        "import struct\ndef f(fmt, *values):\n    return struct.pack(fmt, *values), struct.pack('2s', b'ab')",
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at conversions, arrays, packed records and sums."""
        last = last_name(node.func)
        # A plain name may be an alias; behind a dot stands the last word itself.
        if not (isinstance(node.func, cst.Name) or last in _LAST or (len(node.args) == 1 and _TYPE.match(last))):
            return
        name = self.qualified_name(node.func) or ""
        method = node.func.attr.value if isinstance(node.func, cst.Attribute) else ""
        if name == "struct.pack":
            self._packed(node)
        elif method == "to_bytes" and isinstance(node.func, cst.Attribute):
            size = number_of(argument(node, "length", 0), self.scope)
            value = number_of(node.func.value, self.scope)
            if size is not None and value is not None and 0 < size <= 8 and not -(2 ** (8 * size)) < value < 2 ** (8 * size):
                self.report(node)
        elif name in _MAKERS or method in _SUMS:
            self._array(node, name in _MAKERS)
        elif name.startswith(("numpy.", "ctypes.")) and len(node.args) == 1:
            limits, given = _limits(name.rpartition(".")[2]), node.args[0].value
            if limits is None:
                return
            if self._outside(given, limits) or self._grows(given, limits) or (limits[1] < 2**32 and self._is_input(given)):
                self.report(node)

    def _packed(self, node: cst.Call) -> None:
        form = string_value(node.args[0].value) if node.args else None
        codes = (form or "").lstrip("@=<>!")
        if codes and len(codes) == len(node.args) - 1 and not any(one.star for one in node.args) and codes.isalpha():
            pairs = zip(codes, node.args[1:], strict=True)
            if any(code in _PACKED and self._outside(arg.value, _PACKED[code]) for code, arg in pairs):
                self.report(node)

    def _array(self, node: cst.Call, makes: bool) -> None:
        given = argument(node, "dtype", 1 if makes else None)
        if given is None:
            return
        limits = _limits(string_value(given) or (self.qualified_name(given) or "").rpartition(".")[2])
        if limits is None:
            return
        values = node.args[0].value if node.args else None
        elements = [one.value for one in values.elements] if isinstance(values, cst.List | cst.Tuple) else []
        if (not makes and limits[1] < 2**16) or any(self._outside(one, limits) for one in elements):
            self.report(node)

    def _outside(self, value: cst.BaseExpression, limits: tuple[int, int]) -> bool:
        number = number_of(value, self.scope)
        return number is not None and not limits[0] <= number <= limits[1]

    def _grows(self, value: cst.BaseExpression, limits: tuple[int, int]) -> bool:
        """Whether something is multiplied by or added to more than the type holds."""
        if not isinstance(value, cst.BinaryOperation) or not isinstance(value.operator, cst.Multiply | cst.Add):
            return False
        return self._outside(value.left, limits) or self._outside(value.right, limits)

    def _is_input(self, value: cst.BaseExpression) -> bool:
        """Whether it is `int(...)` of what a person gives, which nothing has measured."""
        if not isinstance(value, cst.Call) or len(value.args) != 1 or self.qualified_name(value.func) != "builtins.int":
            return False
        inner = value.args[0].value
        base = inner.value if isinstance(inner, cst.Subscript) else inner.func if isinstance(inner, cst.Call) else inner
        return (self.qualified_name(base) or "").startswith(_INPUTS)


def _limits(name: str) -> tuple[int, int] | None:
    found = _TYPE.match(name)
    if found is None:
        return None
    bits = int(found.group(2) or found.group(4))
    unsigned = bool(found.group(1) or found.group(3))
    return (0, 2**bits - 1) if unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
