"""pkt-line framing and the command list of receive-pack (gitprotocol-pack, gitprotocol-common)."""

from collections.abc import Iterable
from dataclasses import dataclass

from service.kernel.blobs import Reader
from service.kernel.errors import Malformed

FLUSH = b"0000"
COMMANDS_MAX = 4_000
LINE_BYTES_MAX = 65_520
_BAND_BYTES = 65_515


class BadPktLine(Malformed):
    """The request is not of git's protocol."""

    says = "the push is malformed: {why}"


@dataclass(frozen=True)
class Command:
    """One wished ref update; a missing side is forty zeros."""

    ref: str
    old: str
    new: str


@dataclass(frozen=True)
class CommandList:
    """What stands before the pack: the commands, the client's capabilities, and the raw bytes to hand on to git."""

    commands: tuple[Command, ...]
    capabilities: frozenset[str]
    raw: bytes


def line(data: bytes) -> bytes:
    """One pkt-line."""
    return b"%04x" % (len(data) + 4) + data


def read_commands(stream: Reader) -> CommandList:
    """Reads up to the first flush. Raises BadPktLine; a lone flush (git's probe) gives no command."""
    commands: list[Command] = []
    capabilities: frozenset[str] = frozenset()
    raw = bytearray()
    while True:
        head = _exactly(stream, 4)
        raw += head
        if head == FLUSH:
            return CommandList(tuple(commands), capabilities, bytes(raw))
        data = _exactly(stream, _length(head) - 4)
        raw += data
        text, nul, after = data.partition(b"\0")
        if nul and not commands:
            capabilities = frozenset(after.decode(errors="replace").split())
        words = text.decode(errors="replace").rstrip("\n").split(" ", 2)
        if words[0] in ("shallow", "push-cert"):
            continue
        if len(words) != 3 or len(words[0]) != 40 or len(words[1]) != 40:
            raise BadPktLine(why="a line before the pack is not `old new ref`")
        commands.append(Command(words[2], words[0], words[1]))
        if len(commands) > COMMANDS_MAX:
            raise BadPktLine(why=f"more than {COMMANDS_MAX} refs in one push")


def refusal(commands: Iterable[tuple[Command, str]], capabilities: frozenset[str], words: str) -> bytes:
    """The whole answer to a push that is refused before git starts: a reason per ref, and `words` for the person."""
    report = line(b"unpack ok\n")
    for command, reason in commands:
        report += line(f"ng {command.ref} {reason}\n".encode())
    report += FLUSH
    if not capabilities & {"side-band-64k", "side-band"}:
        return report
    return message(words) + line(b"\x01" + report) + FLUSH


def message(words: str) -> bytes:
    """Words that git shows to the person as `remote: …`."""
    return b"".join(line(b"\x02" + f"{text}\n".encode()[:_BAND_BYTES]) for text in words.splitlines())


def _length(head: bytes) -> int:
    try:
        length = int(head, 16)
    except ValueError:
        raise BadPktLine(why=f"{head!r} is not a length") from None
    if not 4 <= length <= LINE_BYTES_MAX:
        raise BadPktLine(why=f"a line of {length} bytes")
    return length


def _exactly(stream: Reader, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = stream.read(size - len(data))
        if not more:
            raise BadPktLine(why="it ended early")
        data += more
    return data
