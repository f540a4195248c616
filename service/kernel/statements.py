"""Statements that go to the driver as they are: SQLAlchemy compiles each once for a database, and is not asked again.

Around a statement that takes the database ten microseconds SQLAlchemy does some two hundred of work, each time. This is for the
few paths where that shows; whatever else is written with SQLAlchemy's own connections and sessions stays so. Compiling takes some
milliseconds, which no process has to spend when it happens before the fork (`prepare_all`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from sqlalchemy import Connection, Insert, Table, insert
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.sql.compiler import SQLCompiler


class Snapshot:
    """A connection of the driver inside a transaction that only reads; see `Database.snapshot`."""

    def __init__(self, connection: PoolProxiedConnection, dialect: Dialect, url: str) -> None:
        self.connection, self.dialect = connection, dialect
        self.url = url
        self.invalidate = connection.invalidate


Readable = Snapshot | Connection | Session
"""What can be asked; of a session a statement sees what the session wrote."""
Row = tuple[Any, ...]
_Processor = Callable[[Any], Any] | None
_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True)
class _Plan:
    """A statement as one database takes it."""

    sql: str
    binds: tuple[tuple[str, Any, _Processor], ...]
    """Of each parameter, in the order of the text, the name, the value unless another is given, and what the driver needs done to it."""
    by_name: bool
    results: tuple[tuple[int, Callable[[Any], Any]], ...]
    """The columns that need something done to them, and what."""


class Statement:
    """A Core statement. It runs inside the transaction that its caller has begun on the connection, and raises what SQLAlchemy raises."""

    every: ClassVar[list["Statement"]] = []
    """All of the modules that were loaded so far."""

    def __init__(self, clause: Any, names: Sequence[str] | None = None) -> None:
        """`names` are the columns that an INSERT fills, as SQLAlchemy would otherwise tell from the values."""
        self._clause, self._names = clause, list(names) if names is not None else None
        self._plans: dict[str, _Plan] = {}
        self.every.append(self)

    def run(self, connection: Connection, values: Mapping[str, Any] = _NOTHING) -> None:
        """Runs a statement that answers nothing."""
        self._send(connection, values)

    def rows(self, source: Readable, values: Mapping[str, Any] = _NOTHING) -> list[Row]:
        """All rows."""
        if isinstance(source, Session):
            source.flush()
            source = source.connection()
        plan, cursor = self._send(source, values)
        found = cast(list[Row], cursor.fetchall())
        return _read(plan, found) if plan.results else found

    def first(self, source: Readable, values: Mapping[str, Any] = _NOTHING) -> Row | None:
        """The first row of few."""
        found = self.rows(source, values)
        return found[0] if found else None

    def prepare(self, dialect: Dialect) -> _Plan:
        """Compiles it for a database, once in a process and those forked from it."""
        plan = self._plans.get(dialect.name)
        if plan is None:
            plan = self._plans[dialect.name] = self._plan(dialect)
        return plan

    def _send(self, connection: Snapshot | Connection, values: Mapping[str, Any]) -> tuple[_Plan, Any]:
        dialect = connection.dialect
        plan = self.prepare(dialect)
        sent: list[Any] = []
        for name, default, process in plan.binds:
            value = values.get(name, default)
            sent.append(value if process is None else process(value))
        parameters: Any = dict(zip((name for name, _, _ in plan.binds), sent, strict=True)) if plan.by_name else sent
        cursor: Any = connection.connection.cursor()
        try:
            cursor.execute(plan.sql, parameters)
        except dialect.loaded_dbapi.Error as error:
            raise _told(connection, plan.sql, error, cursor) from error
        return plan, cursor

    def _plan(self, dialect: Dialect) -> _Plan:
        compiled = cast(SQLCompiler, self._clause.compile(dialect=dialect, column_keys=self._names))
        if compiled.post_compile_params or compiled.literal_execute_params:
            raise ValueError(f"its text depends on the values: {compiled}")
        defaults, binds = compiled.params, {compiled.bind_names[bind]: bind for bind in compiled.bind_names}
        order = compiled.positiontup if compiled.positional else list(binds)
        results: list[tuple[int, Callable[[Any], Any]]] = []
        for number, column in enumerate(_columns(self._clause)):
            process = column.type.dialect_impl(dialect).result_processor(dialect, None)
            if process is not None:
                results.append((number, process))
        return _Plan(
            str(compiled), tuple((name, defaults[name], _in(binds[name], dialect)) for name in order or ()), not compiled.positional,
            tuple(results),
        )


def prepare_all(dialect: Dialect) -> None:
    """Compiles every statement of the modules loaded so far."""
    for one in Statement.every:
        one.prepare(dialect)


def url_of(source: Readable) -> str:
    """Which database is asked; for what is kept by database."""
    if isinstance(source, Snapshot):
        return source.url
    return str(source.engine.url if isinstance(source, Connection) else source.get_bind().engine.url)


def inserting(table: Table, *, returning_id: bool = False) -> Statement:
    """An INSERT of one row that names every column but the key `id`, which it answers if asked to."""
    clause: Insert = insert(table)
    names = [column.name for column in table.columns if column.name != "id"]
    return Statement(clause.returning(table.c.id) if returning_id else clause, names)


def _columns(clause: Any) -> Sequence[Any]:
    if getattr(clause, "is_select", False):
        return list(clause.selected_columns)
    return list(getattr(clause, "exported_columns", ()))


def _in(bind: Any, dialect: Dialect) -> _Processor:
    process: _Processor = bind.type.dialect_impl(dialect).bind_processor(dialect)
    return process


def _read(plan: _Plan, rows: list[Row]) -> list[Row]:
    made = []
    for row in rows:
        values = list(row)
        for number, process in plan.results:
            values[number] = process(values[number])
        made.append(tuple(values))
    return made


def _told(connection: Snapshot | Connection, sql: str, error: Exception, cursor: Any) -> Exception:
    """The driver's error as SQLAlchemy would tell it, values left out."""
    dialect = connection.dialect
    lost = dialect.is_disconnect(cast(Any, error), connection.connection, cursor)
    told = DBAPIError.instance(
        sql, None, error, dialect.loaded_dbapi.Error, hide_parameters=True, connection_invalidated=lost, dialect=dialect,
    )
    if lost:
        connection.invalidate(error)
    return told
