"""Calls that a function of the file cannot take."""

import libcst as cst

from analyzers.rule import Rule


class WrongArgumentCount(Rule):
    """The function cannot be called like this: an argument is missing, one too many, or one has a name that it does not know.

    The line raises TypeError as soon as it runs.

    Fix: pass what the function asks for.
    """

    severity = "high"
    cwe = 628
    prior = 0.9
    references = ("https://docs.python.org/3/reference/expressions.html#calls",)
    triggers = ("def ",)
    invalid = (
        "def connect(host, port):\n    return host, port\ndef main():\n    return connect('db')",
        "def f(a):\n    return a\nf(1, 2)",
        "def f(a, *, mode=None):\n    return a\nf(1, moed=2)",
        "def f(*, key):\n    return key\nf()",
    )
    valid = (
        "def connect(host, port=1):\n    return host\nconnect('db')",
        "def f(*args, **kw): ...\nf(1, 2, x=3)",
        "def f(a): ...\nf(*xs)",
        "@decorated\ndef f(a): ...\nf()",
        "def f(a): ...\nf = partial(f, 1)\nf()",
        "if X:\n    def f(a): ...\nelse:\n    def f(): ...\nf()",
        "def f(a): ...\nwith raises(TypeError):\n    f()",
        "def f(a, /, b): ...\nf(1, b=2)",
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at plain functions with one definition; in `with` and `try` the error may be what is asked for."""
        if type(node.func) is not cst.Name or any(arg.star for arg in node.args):
            return
        owner = self.scope.owner(node.func.value)
        found = owner.bindings(node.func.value) if owner is not None and not isinstance(owner.node, cst.ClassDef) else []
        made = found[0].node if len(found) == 1 else None
        if not isinstance(made, cst.FunctionDef) or made.decorators or found[0].blocks:
            return
        if not _fits(made.params, node) and not self.context.inside((cst.With, cst.Try)):
            self.report(node)


def _fits(params: cst.Parameters, call: cst.Call) -> bool:
    positional = [*params.posonly_params, *params.params]
    given = sum(1 for arg in call.args if arg.keyword is None)
    words = {arg.keyword.value for arg in call.args if arg.keyword is not None}
    named = {one.name.value for one in (*params.params, *params.kwonly_params)}
    if given > len(positional) and not isinstance(params.star_arg, cst.Param):
        return False
    if not words <= named and params.star_kwarg is None:
        return False
    missing = [one for one in positional[given:] if one.default is None and one.name.value not in words]
    missing += [one for one in params.kwonly_params if one.default is None and one.name.value not in words]
    return not missing
