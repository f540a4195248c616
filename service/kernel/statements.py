"""Statements that go to the driver as they are: SQLAlchemy compiles each once for a database, and is not asked again.

Around a statement that takes the database ten microseconds SQLAlchemy does some two hundred of work, each time. This is for the
few paths where that shows; whatever else is written with SQLAlchemy's own connections and sessions stays so. Compiling takes some
milliseconds, which no process has to spend when it happens before the fork (`prepare_all`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import orjson
from sqlalchemy import JSON, Connection, Insert, Table, insert
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
        self.cursor = cast(Any, connection.dbapi_connection).cursor
        """Makes a cursor of the driver."""
        self.invalidate = connection.invalidate


class Transaction(Snapshot):
    """The same for one that writes; see `Database.writing`. `info` lives as long as it does."""

    def __init__(self, connection: PoolProxiedConnection, dialect: Dialect, url: str) -> None:
        super().__init__(connection, dialect, url)
        self.info: dict[str, Any] = {}

    def commit(self) -> None:
        """Keeps what was done; raises what SQLAlchemy raises."""
        try:
            self.connection.commit()
        except self.dialect.loaded_dbapi.Error as error:
            raise _told(self, "COMMIT", error, None) from error


Readable = Snapshot | Connection | Session
"""What can be asked; of a session a statement sees what the session wrote."""
Writable = Transaction | Connection
Row = tuple[Any, ...]
Column = Sequence[Any]
"""What all rows of an answer have in one place."""
_NOTHING: Mapping[str, Any] = {}
TOGETHER_MIN = 8
"""From so many values on JSON is read at once, as one list: called for each, Python costs more than reading."""


@dataclass(frozen=True)
class _Plan:
    """A statement as one database takes it."""

    sql: str
    binds: tuple[tuple[str, Any], ...]
    """Of each parameter, in the order of the text, the name and the value unless another is given."""
    changed: tuple[tuple[int, Callable[[Any], Any]], ...]
    """The parameters to whose values the driver needs something done, and what."""
    names: tuple[str, ...]
    """Of the parameters, where the driver takes them by name."""
    results: tuple[tuple[int, Callable[[Column], Column]], ...]
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

    def run(self, connection: Snapshot | Connection, values: Mapping[str, Any] = _NOTHING) -> None:
        """Runs a statement that answers nothing."""
        self._send(connection, values)

    def rows(self, source: Readable, values: Mapping[str, Any] = _NOTHING) -> list[Row]:
        """All rows."""
        if isinstance(source, Session):
            source.flush()
            source = source.connection()
        plan, cursor = self._send(source, values)
        found = cast(list[Row], cursor.fetchall())
        return _read(plan, found) if plan.results and found else found

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
        sent = [values.get(name, default) for name, default in plan.binds]
        for number, process in plan.changed:
            sent[number] = process(sent[number])
        parameters: Any = dict(zip(plan.names, sent, strict=True)) if plan.names else sent
        cursor: Any = connection.cursor() if isinstance(connection, Snapshot) else connection.connection.cursor()
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
        order = tuple((compiled.positiontup if compiled.positional else binds) or ())
        changed = [_impl(binds[name], dialect).bind_processor(dialect) for name in order]
        results = [_reading(_impl(column, dialect), dialect) for column in _columns(self._clause)]
        return _Plan(
            str(compiled), tuple((name, defaults[name]) for name in order), _numbered(changed), () if compiled.positional else order,
            _numbered(results),
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


def _impl(typed: Any, dialect: Dialect) -> Any:
    return typed.type.dialect_impl(dialect)


def _reading(kind: Any, dialect: Dialect) -> Callable[[Column], Column] | None:
    """What a column of a type needs done to what the driver answers; None: nothing."""
    process = kind.result_processor(dialect, None)
    if process is None:
        return None

    def one_by_one(values: Column) -> Column:
        return [process(value) for value in values]

    def together(values: Column) -> Column:
        if len(values) >= TOGETHER_MIN:
            try:
                read = orjson.loads(f"[{','.join(values)}]")
            except (TypeError, orjson.JSONDecodeError):  # a NULL among them, or what only the standard library reads
                return one_by_one(values)
            if len(read) == len(values):
                return cast(Column, read)
        return one_by_one(values)

    return together if isinstance(kind, JSON) else one_by_one


def _numbered(processors: Sequence[Callable[[Any], Any] | None]) -> tuple[tuple[int, Callable[[Any], Any]], ...]:
    return tuple((number, process) for number, process in enumerate(processors) if process is not None)


def _read(plan: _Plan, rows: list[Row]) -> list[Row]:
    columns = cast(list[Column], list(zip(*rows, strict=True)))
    for number, process in plan.results:
        columns[number] = process(columns[number])
    return list(zip(*columns, strict=True))


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
