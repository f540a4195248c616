"""Models of libraries: which calls are sources, sinks, sanitisers, guards or pass values on. Read from `analyzers/models`.

Each file holds tables `kind` (what reaching a kind of sink means), `source`, `handler`, `sink`, `sanitizer`, `guard` and
`exit`. Names are full names; braces list choices, `flask.request.{args,form}`; `*.execute` is the method of any receiver.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from analyzers.finding import Confidence, Severity
from analyzers.options import ModelOptions

_FOLDER = Path(__file__).parent.parent / "models"
EVERY = "*"
"""Among what a stranger's word is made harmless for: everything, until it is decoded again."""
WITHOUT = "without "
"""Begins the mark of a word that holds a text no more: `without <`."""
EVERYBODY = frozenset({"remote", "local"})


class BrokenModel(ValueError):
    """A model cannot be used; the message says which and why."""


@dataclass(frozen=True)
class Kind:
    """A kind of sink: the rule that its findings carry and what they say."""

    name: str
    rule: str
    cwe: int
    severity: Severity
    message: str
    why: str
    fix: str
    labels: frozenset[str]
    prior: float = 0.85
    confidence: Confidence = "high"
    references: tuple[str, ...] = ()
    local_severity: Severity | None = None
    """Where only whoever starts the program decides, if that matters less."""
    without: tuple[frozenset[str], ...] = ()
    """Texts without which a value does no harm here: all of one of these sets."""
    refutes: frozenset[str] = frozenset()
    """Other rules that speak of the same from the looks of a call."""
    told: bool = True
    """Whether reaching it is a finding; else the sink only refutes what a rule suspects."""

    def spares(self, marks: frozenset[str]) -> bool:
        """Whether a stranger's word with these marks was made harmless for this kind."""
        return bool(marks) and (self.name in marks or EVERY in marks or any(one <= marks for one in self.without))


@dataclass(frozen=True)
class Source:
    """Something that a stranger decides."""

    label: str
    told: str
    json: bool = False
    """Whether what a handler returns is sent as JSON, so that no browser reads it as a page."""
    unless_in: str = ""
    """A word in the file with which it is no stranger's: `AF_UNIX`, where the other end is on this machine."""
    harmless: frozenset[str] = frozenset()
    """Kinds of sink to which it does no harm: the request's own path leads nobody elsewhere."""


@dataclass(frozen=True)
class Sink:
    """A place that must not get a stranger's word: arguments by position and keyword, or all."""

    kind: str
    positions: frozenset[int]
    keywords: frozenset[str]
    whole: bool = False
    unless: Mapping[str, Any] = field(default_factory=dict)
    """Keywords with which it does no harm, and their values: one or a list."""
    when: Mapping[str, Any] = field(default_factory=dict)
    """Keywords without which it does no harm."""
    receiver: bool = False
    program: bool = False
    """Whether of a list only the first element counts, unless a shell reads it."""
    unless_given: frozenset[str] = frozenset()
    """Keywords, or last words of names among the arguments, with which it does no harm."""
    positional_max: int = 1_000
    weak: str = ""
    """A pattern of what the program itself must not choose here: for kinds about choices, not about strangers."""
    key: str = ""
    """The only key or first argument with which it counts, in lower case."""
    """With more arguments it is another method of the same name."""


@dataclass
class Models:
    """All models, by the names they are for."""

    kinds: dict[str, Kind] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    handlers: dict[str, Source] = field(default_factory=dict)
    """Decorators whose functions get a stranger's word in every parameter that nothing else explains."""
    sinks: dict[str, list[Sink]] = field(default_factory=dict)
    sanitizers: dict[str, frozenset[str]] = field(default_factory=dict)
    guards: dict[str, frozenset[str]] = field(default_factory=dict)
    exits: set[str] = field(default_factory=set)
    encoders: set[str] = field(default_factory=set)
    """What writes a value in letters that mean nothing to anybody."""
    decoders: set[str] = field(default_factory=set)
    """What gives back what was written otherwise."""
    set_attributes: set[str] = field(default_factory=set)
    """Attributes that are sinks when they are set, as `data=`."""
    inner: set[str] = field(default_factory=set)
    """Methods that count where an attribute has them, as `set` of `*.headers.set`."""
    members: set[str] = field(default_factory=set)
    """Attributes, as `tornado.web.RequestHandler().write`, that objects of classes which derive from a library's inherit."""
    tokens: frozenset[str] = frozenset()
    """Words of which one is in every file where a stranger's word can enter."""

    def find(self, table: Mapping[str, Any], name: str | None, word: str) -> Any:
        """What a table says of a call with this full name, or else of the method."""
        if name is not None and (found := table.get(name)) is not None:
            return found
        of, called, _ = (name or "").partition("().")
        if called and (found := table.get(f"{of}().*.{word}")) is not None:
            return found
        return table.get(f"*.{word}")


@cache
def built_in() -> Models:
    """The models that Lockgate brings. Raises BrokenModel."""
    return load(_documents())


@lru_cache(maxsize=8)
def models_for(options: ModelOptions) -> Models:
    """The models that Lockgate brings and those of a repository, which win. Raises BrokenModel."""
    return built_in() if options == ModelOptions() else load([*_documents(), options.document()])


@cache
def _documents() -> tuple[Mapping[str, Any], ...]:
    return tuple(tomllib.loads(path.read_text()) for path in sorted(_FOLDER.glob("*.toml")))


def load(documents: Iterable[Mapping[str, Any]]) -> Models:
    """Models out of parsed documents. Raises BrokenModel."""
    models = Models()
    for document in documents:
        _read(models, document)
    for name in (*models.sinks, *models.sources):
        of, called, rest = name.partition("().")
        if called:
            models.members.add(f"{of}().{rest.split('.')[0].removesuffix('()')}")
    unknown = {sink.kind for sinks in models.sinks.values() for sink in sinks} - models.kinds.keys()
    if unknown:
        raise BrokenModel(f"no `kind` is called {', '.join(sorted(unknown))}")
    return models


def _read(models: Models, document: Mapping[str, Any]) -> None:
    for name, one in document.get("kind", {}).items():
        labels = frozenset(one.get("labels", ["remote"]))
        without = tuple(frozenset(f"{WITHOUT}{text}" for text in texts) for texts in one.get("without", ()))
        models.kinds[name] = Kind(
            **{**one, "name": name, "labels": labels, "references": tuple(one.get("references", ())), "without": without,
               "refutes": frozenset(one.get("refutes", ()))}
        )  # fmt: skip
    for one in document.get("source", []):
        harmless = frozenset(one.get("harmless", []))
        source = Source(one.get("label", "remote"), one["told"], unless_in=one.get("unless_in", ""), harmless=harmless)
        names = list(expanded(one["names"]))
        models.sources.update(dict.fromkeys(names, source))
        models.tokens |= frozenset(one.get("tokens") or [name.removesuffix("()").rsplit(".", 1)[-1] for name in names])
    for one in document.get("handler", []):
        handler = Source(one.get("label", "remote"), one["told"], one.get("json", False))
        models.handlers.update(dict.fromkeys(expanded(one["names"]), handler))
        models.tokens |= frozenset(one.get("tokens", []))
    for one in document.get("sink", []):
        sink = Sink(
            one["kind"], frozenset(one.get("positions", [])), frozenset(one.get("keywords", [])), one.get("whole", False),
            one.get("unless", {}), one.get("when", {}), one.get("receiver", False),
            one.get("program", False), frozenset(one.get("unless_given", [])), one.get("positional_max", 1_000),
            one.get("weak", ""), one.get("key", ""),
        )  # fmt: skip
        for name in expanded(one["names"]):
            models.sinks.setdefault(name, []).append(sink)
            if name.endswith("="):
                models.set_attributes.add(name.rsplit(".", 1)[-1])
            if name.startswith("*.") and name.count(".") == 2:
                models.inner.add(name.rsplit(".", 1)[-1])
    for one in document.get("sanitizer", []):
        for name in expanded(one["names"]):
            models.sanitizers[name] = models.sanitizers.get(name, frozenset()) | frozenset(one["kinds"])
    for one in document.get("guard", []):
        models.guards.update(dict.fromkeys(expanded(one["names"]), frozenset(one["kinds"])))
    models.exits.update(expanded(document.get("exit", {}).get("names", [])))
    models.encoders.update(expanded(document.get("encoder", {}).get("names", [])))
    models.decoders.update(expanded(document.get("decoder", {}).get("names", [])))


def expanded(names: Iterable[str]) -> Iterator[str]:
    """`a.{b,c}` as `a.b` and `a.c`."""
    for name in names:
        before, brace, rest = name.partition("{")
        if not brace:
            yield name
            continue
        choices, _, after = rest.partition("}")
        for choice in choices.split(","):
            yield from expanded([before + choice.strip() + after])
