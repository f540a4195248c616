"""A fingerprint stays when lines move, and tells findings apart."""

from hypothesis import given, settings
from hypothesis import strategies as st

from analyzers.finding import SourceFile
from analyzers.options import ReviewOptions
from analyzers.review import review_file

SOURCE = """
import os, hashlib

def first(name):
    os.system("ls " + name)
    hashlib.md5(b"x")

class Door:
    def second(self, path):
        file = open(path)
        return file.read()

password = "tulip-44-rain"
"""
FILLER = st.lists(
    st.sampled_from(["", "# a remark", "x = 1", "def between():\n    return 2", '"""Text."""', "import re"]), max_size=4
)
OPTIONS = ReviewOptions(disable=("bandit", "detect-secrets"))


FILLERS = ("unused-import", "redefined-function")
"""What is rightly told of lines that are put in between."""


def prints(source):
    found = review_file(SourceFile("a.py", source.encode()), OPTIONS).findings
    return sorted((one.rule, one.fingerprint) for one in found if one.rule not in FILLERS)


@settings(max_examples=60, deadline=None)
@given(above=FILLER, between=FILLER, below=FILLER)
def test_fingerprints_survive_moved_lines(above, between, below):
    head, tail = SOURCE.split("class Door", 1)
    moved = "\n".join([*above, head, *between, "class Door" + tail, *below, ""])
    assert prints(moved) == prints(SOURCE)


def test_fingerprints_survive_a_formatter():
    assert prints(SOURCE.replace('"ls " + name', '"ls "+name')) == prints(SOURCE)


def test_equal_lines_have_different_fingerprints():
    marks = [mark for _, mark in prints("import os\ndef f(a):\n    os.system(a)\n    os.system(a)\n")]
    assert len(marks) == len(set(marks)) == 2


def test_another_function_or_file_is_another_finding():
    one = "import os\ndef f(a):\n    os.system(a)\n"
    assert prints(one) != prints(one.replace("def f", "def g"))
    moved = review_file(SourceFile("b.py", one.encode()), OPTIONS).findings
    assert [m.fingerprint for m in moved] != [mark for _, mark in prints(one)]


def test_a_changed_secret_is_another_finding():
    assert prints('password = "tulip-44-rain"\n') != prints('password = "tulip-45-rain"\n')
