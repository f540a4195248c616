"""The passages, in SQLite."""

import sqlite3
from contextlib import closing


def connect(path: str) -> sqlite3.Connection:
    """Opens the log and makes the table on first use."""
    connection = sqlite3.connect(path, timeout=10)
    connection.execute("CREATE TABLE IF NOT EXISTS passages (ship TEXT NOT NULL, direction TEXT NOT NULL, at TEXT NOT NULL)")
    return connection


def write(path: str, ship: str, direction: str, at: str) -> None:
    """Adds a passage."""
    with closing(connect(path)) as connection, connection:
        connection.execute("INSERT INTO passages (ship, direction, at) VALUES (?, ?, ?)", (ship, direction, at))


def of_ship(path: str, ship: str) -> list:
    """The passages of a ship, newest first."""
    with closing(connect(path)) as connection:
        rows = connection.execute("SELECT direction, at FROM passages WHERE ship = ? ORDER BY at DESC LIMIT 100", (ship,))
        return [{"direction": direction, "at": at} for direction, at in rows]
