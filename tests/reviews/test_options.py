"""`.lockgate.yml`: what is wrong with it is said with file, line and key."""

import pytest

from service.reviews.options import BrokenOptions, GateOptions, read_gate

pytestmark = pytest.mark.anydb


@pytest.mark.parametrize("content", [None, b"", b"  \n", b"# nothing\n", b"review:\n  exclude: [a]\n"])
def test_without_a_section_the_default_holds(content: bytes | None) -> None:
    assert read_gate(content) == GateOptions(block_at="high", max_new={}, unparsable_files="block")


def test_every_key_is_read() -> None:
    content = b"gate:\n  block_at: medium\n  max_new: {high: 0, medium: 3}\n  unparsable_files: allow\n"
    assert read_gate(content) == GateOptions(
        block_at="medium", max_new={"high": 0, "medium": 3}, unparsable_files="allow"
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"gate:\n  blockat: high\n", ".lockgate.yml:2: unknown key `gate.blockat`; did you mean `block_at`?"),
        (b"gaet:\n  block_at: high\n", ".lockgate.yml:1: unknown section `gaet`; did you mean `gate`?"),
        (b"\n\ngate:\n  # why\n  block_at: hi\n", ".lockgate.yml:5: `gate.block_at`: input should be"),
        (b"gate:\n  max_new:\n    high: -1\n", ".lockgate.yml:3: `gate.max_new.high`"),
        (b"gate:\n  max_new:\n    heigh: 1\n", ".lockgate.yml:3: `gate.max_new.heigh`"),
        (b"gate:\n  max_new:\n    high: many\n", ".lockgate.yml:3: `gate.max_new.high`"),
        (b"gate: high\n", ".lockgate.yml:1: `gate` must be a mapping"),
        (b"gate:\n  block_at: high\n  block_at: low\n", ".lockgate.yml:3: not YAML"),
        (b"gate:\n\tblock_at: high\n", ".lockgate.yml:2: not YAML"),
        (b"- gate\n", ".lockgate.yml:1: must be a mapping"),
        (b"\xff\xfe\x00", ".lockgate.yml:1: not YAML"),
        (b"[" * 20_000, ".lockgate.yml:1: not YAML"),
        (b"#" * 100_000, ".lockgate.yml: larger than the limit"),
    ],
)
def test_a_mistake_is_told_with_its_line(content: bytes, said: str) -> None:
    with pytest.raises(BrokenOptions) as caught:
        read_gate(content)
    assert caught.value.problems[0].startswith(said)


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(BrokenOptions) as caught:
        read_gate(b"gate:\n  block_at: hi\n  max_new: 3\n")
    assert len(caught.value.problems) == 2
