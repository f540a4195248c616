"""eval and exec of text that is not constant."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import argument, string_value

_RUNNERS = frozenset({"builtins.eval", "builtins.exec"})
_WHOLE = "Text that is not constant runs as Python code; make sure that only its owner can write it."
_JOINING = (cst.Add, cst.Modulo)


class DynamicCode(Rule):
    """Text that is not constant runs as Python code.

    Whoever decides the text decides what the program does, with all its rights; hiding builtins does not stop it.

    Severity is critical where data flow sees a stranger's text arrive, high where the code is pasted together, so that a
    value becomes code, and medium for text handed over whole: programs, shells and debuggers run that on purpose.

    Fix: read data with `ast.literal_eval` or `json.loads`; choose behaviour from a dictionary of functions.
    """

    severity = "high"
    confidence = "medium"
    cwe = 95
    prior = 0.7
    references = ("https://docs.python.org/3/library/functions.html#eval", "https://docs.python.org/3/library/ast.html#ast.literal_eval")
    triggers = ("eval", "exec")
    calls = _RUNNERS
    invalid = (
        "def f(text):\n    return eval(text)",
        "def f(text):\n    exec(text, {})",
        'def f(name):\n    return eval("config." + name)',
        "import builtins\ndef f(text):\n    return builtins.eval(text)",
        'def f(text):\n    code = compile(text, "x", "eval")\n    return eval(code)',
        "class Cell:\n    def value(self):\n        return eval(self.formula, {'__builtins__': {}})",
        "run = exec\ndef f(path):\n    with open(path) as file:\n        run(file.read())",
        "totals = [eval(f'{row} * 2') for row in rows]",
    )
    valid = (
        'eval("1 + 1")',
        "import ast\ndef f(text):\n    return ast.literal_eval(text)",
        "def f(frame):\n    return frame.eval('a + b')",
        "def f(model):\n    model.eval()",
        "from safe import eval\ndef f(text):\n    return eval(text)",
        'SOURCE = "a = 1"\nexec(SOURCE)',
        "import re\nclass A:\n    eval = staticmethod(re.compile)\n    def f(self, text):\n        return self.eval(text)",
        "def f(n):\n    return eval('+'.join(['1', '2']), {'n': n})",
        "from types import CodeType\ndef f(code: CodeType, names):\n    exec(code, names)",
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at what eval and exec get."""
        name = self.qualified_name(node.func)
        if not node.args:
            return
        text = node.args[0].value
        if self.is_constant(text) or self._is_code(text):
            return
        if name == "builtins.exec" or self._is_program(text) or not self._is_pasted(text):
            self.report(node, _WHOLE, severity="medium")
        else:
            self.report(node)

    def _is_code(self, node: cst.BaseExpression) -> bool:
        """Whether a parameter's annotation says that this was compiled already: no text reaches it here."""
        found = self.scope.reaching(node.value, node) if isinstance(node, cst.Name) else []
        params = [one.node for one in found if isinstance(one.node, cst.Param) and one.node.annotation is not None]
        told = [one.annotation.annotation for one in params if one.annotation is not None]
        return bool(told) and len(told) == len(found) and all(self.qualified_name(one) == "types.CodeType" for one in told)

    def _is_pasted(self, node: cst.BaseExpression) -> bool:
        """Whether the text is put together here out of several."""
        match node:
            case cst.Name():
                values = [one.value for one in self.scope.reaching(node.value, node) if one.kind in ("assign", "augment")]
                return any(one is not None and not isinstance(one, cst.Name) and self._is_pasted(one) for one in values)
            case cst.Call(func=cst.Attribute(attr=cst.Name(value="format" | "join" | "replace"))):
                return True
            case cst.Call():
                compiled = self.qualified_name(node.func) == "builtins.compile" and bool(node.args)
                return compiled and self._is_pasted(node.args[0].value)
            case cst.BinaryOperation():
                return isinstance(node.operator, _JOINING)
        return isinstance(node, cst.FormattedString)

    def _is_program(self, node: cst.BaseExpression) -> bool:
        """Whether the text is compiled as statements first."""
        if isinstance(node, cst.Name):
            values = [one.value for one in self.scope.reaching(node.value, node)]
            return bool(values) and all(isinstance(one, cst.Call) and self._is_program(one) for one in values)
        if not isinstance(node, cst.Call) or self.qualified_name(node.func) != "builtins.compile":
            return False
        mode = argument(node, "mode", 2)
        return mode is not None and string_value(mode) == "exec"
