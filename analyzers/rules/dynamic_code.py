"""eval and exec of text that is not constant."""

import libcst as cst

from analyzers.rule import Rule

_RUNNERS = frozenset({"builtins.eval", "builtins.exec"})


class DynamicCode(Rule):
    """Text that is not constant runs as Python code.

    Whoever decides the text decides what the program does, with all its rights; hiding builtins does not stop it.

    Fix: read data with `ast.literal_eval` or `json.loads`; choose behaviour from a dictionary of functions.
    """

    severity = "high"
    confidence = "medium"
    cwe = 95
    prior = 0.7
    references = ("https://docs.python.org/3/library/functions.html#eval", "https://docs.python.org/3/library/ast.html#ast.literal_eval")
    triggers = ("eval", "exec")
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
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at what eval and exec get."""
        if node.args and self.qualified_name(node.func) in _RUNNERS and not self.is_constant(node.args[0].value):
            self.report(node)
