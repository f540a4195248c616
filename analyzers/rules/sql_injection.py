"""SQL that is put together from strings on its way to the database."""

import libcst as cst

from analyzers.constant import fixed_text, is_counter
from analyzers.rule import Rule
from analyzers.scope import Scope
from analyzers.statement import looks_like_sql, names_only, pieces
from analyzers.syntax import argument

_SINKS = frozenset(
    {"execute", "executemany", "executescript", "execute_async", "raw", "read_sql", "read_sql_query", "fetch",
     "fetchrow", "fetchval", "exec_driver_sql", "text"}
)  # fmt: skip
_JOINING = (cst.Add, cst.Modulo)
_NAMES = "Names in this SQL are pasted in from strings; they cannot be parameters, so choose them from a fixed list or quote them."
DEPTH_MAX = 8


class SqlInjection(Rule):
    """SQL is built from strings, so a value can change what the statement does.

    A value that is pasted into the statement is read as SQL: a quote in it ends the string, and what follows runs with
    the program's rights. Quoting by hand misses encodings and numbers. Where only names of tables, columns and types are
    pasted in and no stranger is seen to decide them, the severity is medium: names cannot be parameters.

    Fix: keep the statement constant and pass the values as parameters, `execute("... WHERE id = ?", (id,))`; choose
    table and column names from a fixed list.
    """

    severity = "high"
    cwe = 89
    prior = 0.9
    references = (
        "https://peps.python.org/pep-0249/#paramstyle",
        "https://cheatsheetseries.owasp.org/cheatsheets/SQL_Injection_Prevention_Cheat_Sheet.html",
    )
    triggers = ("execute", "raw(", "read_sql", "fetch", "exec_driver_sql")
    invalid = (
        'def f(db, name):\n    db.execute(f"SELECT * FROM users WHERE name = \'{name}\'")',
        'def f(db, name):\n    db.execute("SELECT * FROM users WHERE name = \'%s\'" % name)',
        'def f(db, name):\n    db.execute("DELETE FROM users WHERE name = \'" + name + "\'")',
        'def f(db, name):\n    db.execute("UPDATE users SET name = \'{}\'".format(name))',
        'def f(db, name):\n    query = f"SELECT * FROM users WHERE name = \'{name}\'"\n    return db.execute(query)',
        'def f(db, name):\n    q = "SELECT * FROM t"\n    if name:\n        q += " WHERE " + name\n    db.execute(q)',
        'from sqlalchemy import text\ndef f(db, key):\n    return db.execute(text(f"SELECT 1 FROM t WHERE k = {key}"))',
        'def f(db, names):\n    db.execute("SELECT 1 FROM t WHERE n IN (" + ", ".join(names) + ")")',
        'async def f(pool, name):\n    return await pool.fetch(f"SELECT * FROM t WHERE name = {name}")',
        'def f(db, table):\n    db.execute(f"SELECT count(*) FROM {table}")',
        'def f(db, base):\n    db.execute("DROP DATABASE %(base)s" % {"base": base})',
        'def f(db, name, table):\n    db.execute(f"DELETE FROM {table} WHERE name = \'{name}\'")',
        'def f(db, parts):\n    sql = "SELECT a FROM t WHERE {}".format(" AND ".join(parts))\n    db.execute(sql, [])',
    )
    valid = (
        'def f(db, name):\n    db.execute("SELECT * FROM users WHERE name = ?", (name,))',
        'def f(db, name):\n    query = "SELECT * FROM users WHERE name = %s"\n    db.execute(query, (name,))',
        'COLUMNS = "id, name"\ndef f(db):\n    db.execute(f"SELECT {COLUMNS} FROM users")',
        'def f(db, ids):\n    m = ", ".join("?" for _ in ids)\n    db.execute(f"SELECT 1 FROM t WHERE a IN({m})", ids)',
        'def f(db, ids):\n    db.execute("SELECT * FROM t WHERE id IN (%s)" % ",".join(["?"] * len(ids)), ids)',
        'def f(db, limit):\n    db.execute(f"SELECT * FROM t LIMIT {int(limit)}")',
        'BY = {"n": "at DESC", "o": "at"}\ndef f(db, key):\n    db.execute(f"SELECT 1 FROM t ORDER BY {BY[key]}")',
        'def f(runner, job):\n    runner.execute(f"job {job}")',
        'def f(db, name):\n    query = f"SELECT {name}"\n    query = "SELECT 1"\n    db.execute(query)',
        'def f(db, wide):\n    db.execute("SELECT " + ("a, b" if wide else "a") + " FROM t")',
        "def f(db, query):\n    db.execute(query)",
        'def f(db, ops, t):\n    db.execute("DROP TABLE %s" % ops.quote_name(t))',
        'def f(db, ops, t):\n    table = ops.quote_name(t)\n    db.execute(f"DELETE FROM {table} WHERE a = %s", [1])',
        'def f(c, t):\n    qn = c.ops.quote_name\n    c.execute("DELETE FROM %s WHERE %s = 1" % (qn(t), qn("a")))',
        'def f(p, db, t):\n    name = p.format_table(t)\n    db.execute(f"DELETE FROM {name}")',
        ("class A:\n    seen = 0\n    def f(self, c, t):\n        self.seen += 1\n"
         "        c.execute('SELECT a FROM {} WHERE {} > 0'.format(quote_name(t), self.seen))"),
        'def f(canvas, label):\n    canvas.text(f"Select {label} from the list")',
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at the statement that a database call gets."""
        sink = node.func.attr.value if isinstance(node.func, cst.Attribute) else None
        if sink is None and isinstance(node.func, cst.Name):
            sink = node.func.value
        if sink not in _SINKS or (sink == "text" and not _is_sqlalchemy(self.qualified_name(node.func))):
            return
        statement = argument(node, "sql", 0) or argument(node, "query") or argument(node, "statement")
        if statement is not None:
            built = [one for one in self._built(statement, self.scope, 0) if self._pasted(one)]
            text = self._text(statement, self.scope) if built else ""
            if built and looks_like_sql(text):
                named = all(names_only(pieces(one, self.scope), text, self._is_fixed) for one in built)
                self.report(node, _NAMES if named else "", about=built, severity="medium" if named else None)

    def _built(self, node: cst.BaseExpression, scope: Scope, depth: int) -> list[cst.BaseExpression]:
        """The places where `node`'s value is put together from something that is not constant."""
        if depth > DEPTH_MAX:
            return []
        if isinstance(node, cst.Name):
            places: list[cst.BaseExpression] = []
            for one in scope.reaching(node.value, node):
                owner = scope.owner(node.value) or scope
                if one.value is None or one.kind not in ("assign", "augment"):
                    continue
                if one.kind == "augment" and not _joins(one.value) and not self.context.is_constant(one.value, owner):
                    places.append(one.value)
                places.extend(self._built(one.value, owner, depth + 1))
            return places
        if isinstance(node, cst.IfExp):
            return self._built(node.body, scope, depth + 1) + self._built(node.orelse, scope, depth + 1)
        return [node] if _joins(node) and not self.context.is_constant(node, scope) else []

    def _pasted(self, node: cst.BaseExpression) -> bool:
        return not all(isinstance(one, str) or self._is_fixed(one) for one in pieces(node, self.scope))

    def _is_fixed(self, node: cst.BaseExpression) -> bool:
        return self.is_constant(node) or is_counter(node, self.scope)

    def _text(self, node: cst.BaseExpression, scope: Scope) -> str:
        if isinstance(node, cst.Name):
            values = [one.value for one in reversed(scope.reaching(node.value, node)) if one.value is not None]
            return " ".join(fixed_text(value) for value in values)
        if isinstance(node, cst.IfExp):
            return fixed_text(node.body) or fixed_text(node.orelse)
        return self._sum_text(node, scope)

    def _sum_text(self, node: cst.BaseExpression, scope: Scope) -> str:
        text = fixed_text(node)
        left = node
        while isinstance(left, cst.BinaryOperation):
            left = left.left
        if isinstance(left, cst.Name):
            return f"{self._text(left, scope)} {text}"
        return text


def _is_sqlalchemy(name: str | None) -> bool:
    return bool(name) and str(name).startswith("sqlalchemy.")


def _joins(node: cst.BaseExpression) -> bool:
    match node:
        case cst.FormattedString():
            return True
        case cst.BinaryOperation():
            return isinstance(node.operator, _JOINING)
        case cst.ConcatenatedString():
            return _joins(node.left) or _joins(node.right)
        case cst.Call(func=cst.Attribute(attr=cst.Name(value="format" | "join" | "replace" | "format_map"))):
            return True
    return False
