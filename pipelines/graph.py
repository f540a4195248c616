"""The drawing of an execution: stages are columns, actions are cards, sequence is an arrow, parallel is a stack."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

WIDTH = 1040
"""What fits beside the rail on a screen of 1280; more stages scroll."""
GAP, PAD, HEAD = 36, 10, 36
CARD_HEIGHT, CARD_MIN, CARD_MAX = 56, 132, 216
PARALLEL_GAP, SEQUENCE_GAP = 6, 26
CHARACTER = 7.0
"""Pixels an average character of the 13 px system font takes; longer texts are cut and told in full on hover."""


@dataclass(frozen=True)
class Card:
    """An action: `line` is a short second line such as "build · 12 s", `url` where its details are."""

    name: str
    state: str
    run_order: int
    line: str
    url: str


@dataclass(frozen=True)
class Column:
    """A stage."""

    name: str
    state: str
    cards: Sequence[Card]


def draw(columns: Sequence[Column], icon: Callable[[str], str], label: str) -> Markup:
    """The execution as SVG. `icon` gives the mark of a state as 16 × 16 SVG."""
    if not columns:
        return Markup()
    width = min(CARD_MAX, max(CARD_MIN, (WIDTH - GAP * (len(columns) - 1)) // len(columns) - 2 * PAD))
    step = width + 2 * PAD + GAP
    bottom = max(HEAD + _height(column) + PAD for column in columns)
    total = step * len(columns) - GAP
    parts = [
        Markup('<svg class="graph" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="group" aria-label="{label}">').format(
            w=total, h=bottom + 1, label=label
        )
    ]
    for number, column in enumerate(columns):
        left = number * step
        parts.append(_column(column, left, width, bottom, icon))
        if number + 1 < len(columns):
            parts.append(_across(left + width + 2 * PAD, HEAD + CARD_HEIGHT // 2))
    return Markup("").join([*parts, Markup("</svg>")])


def rows(column: Column) -> list[list[Card]]:
    """The cards that run side by side, in the order of the rows."""
    orders = sorted({card.run_order for card in column.cards})
    return [[card for card in column.cards if card.run_order == order] for order in orders]


def _height(column: Column) -> int:
    groups = rows(column)
    cards = sum(len(group) * (CARD_HEIGHT + PARALLEL_GAP) - PARALLEL_GAP for group in groups)
    return cards + SEQUENCE_GAP * (len(groups) - 1)


def _column(column: Column, left: int, width: int, bottom: int, icon: Callable[[str], str]) -> Markup:
    parts = [
        Markup('<g class="column column-{state}"><rect class="lane" x="{x}.5" y="0.5" width="{w}" height="{h}" rx="6"/>').format(
            state=column.state, x=left, w=width + 2 * PAD - 1, h=bottom - 1
        ),
        _mark(column.state, left + PAD, 10, icon),
        _text("stage-name", left + PAD + 22, 23, column.name, width - 24),
    ]
    top = HEAD
    for number, group in enumerate(rows(column)):
        if number:
            parts.append(_down(left + PAD + width // 2, top - SEQUENCE_GAP + 2))
        for card in group:
            parts.append(_card(card, left + PAD, top, width, icon))
            top += CARD_HEIGHT + PARALLEL_GAP
        top += SEQUENCE_GAP - PARALLEL_GAP
    return Markup("").join([*parts, Markup("</g>")])


def _card(card: Card, left: int, top: int, width: int, icon: Callable[[str], str]) -> Markup:
    frame = Markup(
        '<a href="{url}"><g class="action action-{state}"><title>{name}: {state}</title>'
        '<rect class="box" x="{x}.5" y="{y}.5" width="{w}" height="{h}" rx="5"/>'
    ).format(url=card.url, state=card.state, name=card.name, x=left, y=top, w=width - 1, h=CARD_HEIGHT - 1)
    words = f"{card.state} · {card.line}" if card.line else card.state
    return Markup("").join(
        [
            frame,
            _mark(card.state, left + 10, top + 10, icon),
            _text("action-name", left + 32, top + 23, card.name, width - 40),
            _text(f"action-line state-{card.state}", left + 32, top + 42, words, width - 36),
            Markup("</g></a>"),
        ]
    )


def _mark(state: str, left: int, top: int, icon: Callable[[str], str]) -> Markup:
    return Markup('<g class="state-{}" transform="translate({} {})">{}</g>').format(state, left, top, icon(state))


def _text(style: str, left: int, baseline: int, text: str, room: int) -> Markup:
    most = max(3, int(room / CHARACTER))
    shown = text if len(text) <= most else text[: most - 1] + "…"
    return Markup('<text class="{}" x="{}" y="{}">{}</text>').format(style, left, baseline, escape(shown))


def _across(left: int, middle: int) -> Markup:
    return Markup('<path class="arrow" d="M{a} {y}H{b}m-5 -5 5 5 -5 5"/>').format(a=left + 4, b=left + GAP - 5, y=middle)


def _down(middle: int, top: int) -> Markup:
    return Markup('<path class="arrow" d="M{x} {a}V{b}m-5 -5 5 5 5 -5"/>').format(x=middle, a=top, b=top + SEQUENCE_GAP - 6)
