"""The quick parser gives libcst's trees, and refuses what libcst refuses."""

import gc
import sysconfig
from pathlib import Path

import libcst as cst
import pytest

from analyzers.parse import checked, parse_module

pytestmark = pytest.mark.anydb
PACKAGES = Path(sysconfig.get_path("purelib"))
FILES = [file for name in ("click", "flask", "jinja2", "structlog") for file in sorted((PACKAGES / name).rglob("*.py"))]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(PACKAGES).as_posix())
def test_trees_are_the_same(file: Path) -> None:
    source = file.read_bytes()
    quick = parse_module(source)
    with checked():
        own = cst.parse_module(source)
    assert quick.deep_equals(own)
    assert quick.bytes == own.bytes == source


@pytest.mark.parametrize("source", [
    "", "\n", "x = 1", "\ufeffx = 1\n", "# -*- coding: latin-1 -*-\ns = 'é'\n".encode("latin-1"), "x = 1\r\ny = 2\r\n", "match a:\n    case [1, *_]: pass\n",
    "try: pass\nexcept* ValueError: pass\n", "type X[T: int] = list[T]\n", "f'{a!r:>{w}}'\n", "def f(a, /, b, *, c): yield (d := 1)\n", "\tif a:\n\t\tb\n", "if a:\n  b\n",
])
def test_corners_are_the_same(source: str | bytes) -> None:
    def tree(parse):
        try:
            return parse(source)
        except cst.ParserSyntaxError as error:
            return str(error)

    quick = tree(parse_module)
    with checked():
        own = tree(cst.parse_module)
    assert quick == own if isinstance(own, str) else quick.deep_equals(own) and quick.bytes == own.bytes


def test_what_is_no_python_is_refused_and_leaves_nothing_switched_off() -> None:
    assert gc.isenabled()
    with pytest.raises(cst.ParserSyntaxError):
        parse_module("def f(:\n")
    with pytest.raises((UnicodeDecodeError, SyntaxError, LookupError)):
        parse_module(b"# coding: no-such-encoding\n")
    assert gc.isenabled()
    with checked(), pytest.raises(cst.CSTValidationError):
        cst.Name("")


def test_classes_of_nodes_are_told_apart_without_their_registries() -> None:
    name = parse_module("x\n").body[0].body[0].value  # type: ignore[union-attr,index]
    assert isinstance(name, cst.BaseExpression) and isinstance(name, cst.Call | cst.Name) and not isinstance(name, cst.Call)
    assert issubclass(cst.Name, cst.BaseAssignTargetExpression) and not issubclass(cst.Call, cst.Name)
    assert type(cst.CSTNode).__instancecheck__ is type.__instancecheck__
