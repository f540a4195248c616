"""The sample project's three commits: one with three sins, one that mends them, one that fails only in production."""

import shutil
from dataclasses import dataclass
from pathlib import Path

TEMPLATE = Path(__file__).parents[2] / "pipelines" / "templates" / "python-service"

_EXPORT_BAD = '''"""Exports the log for the authority."""

from contextlib import closing

from tidewater.log import connect

REPORT_PASSWORD = "Kr4ken-harbour-1887"


def rows_of(path: str, ship: str) -> list:
    """All that the log says of a ship."""
    with closing(connect(path)) as connection:
        return connection.execute(f"SELECT ship, direction, at FROM passages WHERE ship = '{ship}'").fetchall()


def write_report(path: str, ship: str, target: str) -> None:
    """Writes the passages of a ship as CSV."""
    report = open(target, "w")
    report.write(f"# {REPORT_PASSWORD}\\n")
    for row in rows_of(path, ship):
        report.write(",".join(row) + "\\n")
'''

_EXPORT_GOOD = '''"""Exports the log for the authority."""

import os
from contextlib import closing

from tidewater.log import connect


def rows_of(path: str, ship: str) -> list:
    """All that the log says of a ship."""
    with closing(connect(path)) as connection:
        return connection.execute("SELECT ship, direction, at FROM passages WHERE ship = ?", (ship,)).fetchall()


def write_report(path: str, ship: str, target: str) -> None:
    """Writes the passages of a ship as CSV, under the licence key from the environment."""
    with open(target, "w") as report:
        report.write(f"# {os.environ['TIDEWATER_REPORT_KEY']}\\n")
        for row in rows_of(path, ship):
            report.write(",".join(row) + "\\n")
'''

_ALMANAC = '''"""Tide tables, read from a file that the harbour master puts on the host."""

import json

ALMANAC = "/etc/tidewater/almanac.json"


def next_high_water(path: str = ALMANAC) -> str:
    """When the next high water is."""
    with open(path) as file:
        return json.load(file)["next_high_water"]
'''

_ALMANAC_TEST = """import json

from tidewater.almanac import next_high_water


def test_high_water_is_read(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({"next_high_water": "06:12"}))
    assert next_high_water(tmp_path / "a.json") == "06:12"
"""


@dataclass(frozen=True)
class Sin:
    """What the review must find: a kind in plain words, the file, and a piece of the offending line."""

    kind: str
    path: str
    piece: str


SINS = (
    Sin("SQL injection", "tidewater/export.py", "connection.execute(f"),
    Sin("hard-coded credential", "tidewater/export.py", "REPORT_PASSWORD ="),
    Sin("file never closed", "tidewater/export.py", "open(target"),
)


def lay_out(folder: Path) -> None:
    """The template's files in a new folder."""
    shutil.copytree(TEMPLATE, folder, dirs_exist_ok=True)


def commit_one(folder: Path) -> None:
    """Adds the export with three sins."""
    (folder / "tidewater" / "export.py").write_text(_EXPORT_BAD)


def commit_two(folder: Path) -> None:
    """Mends them."""
    (folder / "tidewater" / "export.py").write_text(_EXPORT_GOOD)


def commit_three(folder: Path) -> None:
    """Version 1.1.0: reads an almanac that no host has. Its tests bring their own, so the build is green."""
    (folder / "tidewater" / "almanac.py").write_text(_ALMANAC)
    (folder / "tests" / "test_almanac.py").write_text(_ALMANAC_TEST)
    web = folder / "tidewater" / "web.py"
    text = web.read_text().replace("import __version__, hydraulics", "import __version__, almanac, hydraulics")
    web.write_text(text.replace('return jsonify(status="ok", version=__version__)',
                                'return jsonify(status="ok", version=__version__, high_water=almanac.next_high_water())'))
    for name in ("pyproject.toml", "tidewater/__init__.py", "client/package.json"):
        file = folder / name
        file.write_text(file.read_text().replace("1.0.0", "1.1.0"))


def line_of(folder: Path, sin: Sin) -> int:
    """The 1-based line of a sin."""
    lines = (folder / sin.path).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if sin.piece in line)
