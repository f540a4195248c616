"""Data changed by a GET request."""

import libcst as cst

from analyzers.blocks import last_name
from analyzers.constant import fixed_text
from analyzers.rule import Rule
from analyzers.syntax import argument, descend, string_value

_UNSAFE = frozenset({"delete", "destroy", "remove_user", "drop"})


class StateChangeOnGet(Rule):
    """A GET request deletes data: a link on another site, a crawler or a browser that loads ahead is enough.

    GET is safe by contract (RFC 9110, 9.2.1), so nothing protects it against being sent unasked.

    Fix: take it as POST or DELETE, with a token against forgery.
    """

    severity = "medium"
    confidence = "medium"
    cwe = 650
    prior = 0.65
    references = ("https://www.rfc-editor.org/rfc/rfc9110.html#section-9.2.1",)
    triggers = ("route", ".get(")
    invalid = (
        "@app.route('/x/<int:i>/delete')\ndef f(i):\n    db.execute('DELETE FROM x WHERE id = ?', (i,))\n    return 'ok'",
        "@app.get('/reset')\ndef f():\n    with engine.begin() as c:\n        c.execute(text(f'DROP TABLE {name}'))\n    return 'ok'",
        "@app.route('/x/<int:i>')\ndef f(i):\n    db.session.delete(User.query.get(i))\n    db.session.commit()\n    return 'ok'",
        "@app.get('/x')\ndef f():\n    user.delete()\n    return 'ok'",
        "@bp.route('/x', methods=['GET'])\ndef f():\n    db.session.delete(x)",
        "@router.get('/x')\nasync def f(db):\n    await db.delete(x)",
        "@app.route('/x', methods=['GET', 'POST'])\ndef f():\n    session.delete(x)\n    return 'ok'",
        "class Item(View):\n    def get(self, request, pk):\n        Item.objects.get(pk=pk).delete()",
        "@bp.get('/x')\ndef f(i):\n    if i:\n        Item.objects.get(id=i).delete()",
    )
    valid = (
        "class Item(View):\n    def post(self, request, pk):\n        Item.objects.get(pk=pk).delete()",
        "class Store(Base):\n    def get(self, pk):\n        self.rows.delete(pk)",
        "@app.route('/x')\ndef f():\n    return db.execute('SELECT * FROM deleted').fetchall()",
        "@app.route('/x', methods=['POST'])\ndef f():\n    db.session.delete(x)",
        "@app.post('/x')\ndef f():\n    user.delete()",
        "@app.route('/x')\ndef f():\n    return render('a')",
        ("@app.route('/x', methods=['GET', 'POST'])\ndef f():\n    if request.method == 'POST':\n        session.delete(x)\n"
         "    return 'ok'"),
        "@cache.get('x')\ndef f():\n    return 1",
        "@app.get('/x')\ndef f():\n    cache.delete('k')\n    return 'ok'",
        "@app.get('/x')\ndef f():\n    response.delete_cookie('a')",
    )

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        """Looks at views that answer GET."""
        if not any(_answers_get(one.decorator) for one in node.decorators) and not self._is_get_of_view(node):
            return
        deletes = [one for one in descend(node.body) if isinstance(one, cst.Call) and _deletes(one)]
        asks = any(isinstance(one, cst.Attribute) and one.attr.value in ("method", "validate_on_submit") for one in descend(node.body))
        if deletes and not asks:
            self.report(deletes[0])

    def _is_get_of_view(self, node: cst.FunctionDef) -> bool:
        """Whether it is `get` of a class of Django's or Flask's whose name or base ends in View."""
        around = self.context.parents[-2] if len(self.context.parents) > 1 else None
        if node.name.value != "get" or not isinstance(around, cst.ClassDef):
            return False
        return any(last_name(base.value).endswith(("View", "MethodView")) for base in around.bases)


def _deletes(call: cst.Call) -> bool:
    if not isinstance(call.func, cst.Attribute):
        return False
    if last_name(call.func) == "execute" and call.args:
        statement = call.args[0].value
        inner = statement.args[0].value if isinstance(statement, cst.Call) and statement.args else statement  # text("...")
        return fixed_text(inner).lstrip().upper().startswith(("DELETE ", "DROP ", "TRUNCATE "))
    return last_name(call.func) in _UNSAFE and not _is_cache(call.func.value)


def _answers_get(node: cst.BaseExpression) -> bool:
    if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Attribute) or not node.args:
        return False
    if not (string_value(node.args[0].value) or "").startswith("/"):
        return False
    if node.func.attr.value == "get":
        return True
    methods = argument(node, "methods")
    if node.func.attr.value != "route":
        return False
    return methods is None or (isinstance(methods, cst.List) and any(string_value(one.value) == "GET" for one in methods.elements))


def _is_cache(node: cst.BaseExpression) -> bool:
    last = node.attr if isinstance(node, cst.Attribute) else node
    return isinstance(last, cst.Name) and ("cache" in last.value.lower() or last.value in ("redis", "requests", "client", "http"))
