"""The drawing of an execution."""

import itertools
from xml.etree import ElementTree as ET

from markupsafe import Markup

from pipelines.graph import Card, Column, draw, rows

SVG = "{http://www.w3.org/2000/svg}"


def icon(word):
    return Markup('<circle r="4"/>')


def drawn(*columns):
    text = str(draw(columns, icon, "Execution 1"))
    return ET.fromstring(text.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))


def column(name, *cards):
    return Column(name, "running", [Card(n, "queued", order, "build", f"#{n}") for n, order in cards])


def boxes(tree):
    return {
        group.find(f"{SVG}title").text.split(":")[0]: {k: float(v) for k, v in group.find(f"{SVG}rect").attrib.items() if k in "xywidthheight"}
        for group in tree.iter(f"{SVG}g") if group.get("class", "").startswith("action action-")
    }


def test_stages_stand_side_by_side():
    tree = drawn(column("One", ("a", 1)), column("Two", ("b", 1)), column("Three", ("c", 1)))
    found = boxes(tree)
    assert found["a"]["x"] < found["b"]["x"] < found["c"]["x"]
    assert len({box["y"] for box in found.values()}) == 1
    assert sum(1 for path in tree.iter(f"{SVG}path") if path.get("class") == "arrow") == 2


def test_parallel_is_a_stack_and_sequence_an_arrow():
    one = column("One", ("a", 1), ("later", 2), ("b", 1))
    assert [[card.name for card in row] for row in rows(one)] == [["a", "b"], ["later"]]
    tree = drawn(one)
    found = boxes(tree)
    assert found["a"]["y"] < found["b"]["y"] < found["later"]["y"]
    assert sum(1 for path in tree.iter(f"{SVG}path") if path.get("class") == "arrow") == 1


def test_nothing_overlaps_or_leaves_the_picture():
    tree = drawn(*(column(f"S{s}", *((f"a{s}-{a}", a // 2 + 1) for a in range(5))) for s in range(6)))
    found = sorted(boxes(tree).values(), key=lambda box: (box["x"], box["y"]))
    for one, other in itertools.pairwise(found):
        assert one["x"] != other["x"] or one["y"] + one["height"] < other["y"]
    assert max(box["x"] + box["width"] for box in found) < float(tree.get("width"))
    assert max(box["y"] + box["height"] for box in found) < float(tree.get("height"))


def test_names_are_text_not_markup():
    tree = drawn(Column("<b>", "failed", [Card("<script>", "failed", 1, "a & b", "#x")]))
    assert any(text.text == "<script>" for text in tree.iter(f"{SVG}text"))


def test_long_names_are_cut_and_told_on_hover():
    name = "a-very-long-name-of-an-action-that-cannot-fit"
    tree = drawn(column("One", (name, 1)))
    shown = [text.text for text in tree.iter(f"{SVG}text") if text.get("class") == "action-name"]
    assert shown[0].endswith("…")
    assert next(tree.iter(f"{SVG}title")).text == f"{name}: queued"


def test_no_stages_draw_nothing():
    assert draw([], icon, "x") == ""
