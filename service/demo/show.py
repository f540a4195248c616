"""What the demonstration says: numbered steps in plain words, what was checked, how long it took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape

from service.kernel.errors import Problem

DETAIL_CHARACTERS = 300


class NotAsTold(Problem):
    """A step came out differently from what was announced."""

    says = "{what}: expected {expected}, got {came}"


class Show:
    """Prints steps; keeps their times for the summary."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, soft_wrap=True)
        self._started = time.monotonic()
        self.times: list[tuple[str, float]] = []

    @contextmanager
    def step(self, number: int, title: str) -> Iterator[None]:
        """One numbered step with its time."""
        self.console.print(f"\n[bold cyan]{number}.[/] [bold]{escape(title)}[/]")
        began = time.monotonic()
        yield
        seconds = time.monotonic() - began
        self.times.append((title, seconds))
        self.console.print(f"   [dim]{seconds:.1f} s[/]")

    def say(self, text: str) -> None:
        """A sentence about what happens."""
        self.console.print(f"   {escape(text)}")

    def detail(self, text: str) -> None:
        """A line that somebody else wrote, such as of a log."""
        shown = text if len(text) <= DETAIL_CHARACTERS else f"{text[:DETAIL_CHARACTERS]}…"
        self.console.print(f"     [dim]{escape(shown)}[/]")

    def command(self, argv: str) -> None:
        """A command as a person would type it."""
        self.console.print(f"   [green]$[/] {escape(argv)}")

    def good(self, text: str) -> None:
        """Something that was checked and held."""
        self.console.print(f"   [green]✓[/] {escape(text)}")

    def check(self, what: str, expected: Any, came: Any, *, told: str = "") -> None:
        """Raises NotAsTold unless `came` equals `expected`."""
        if came != expected:
            raise NotAsTold(what=what, expected=repr(expected), came=repr(came))
        self.good(told or f"{what}: {came}")

    def fail(self, problem: Problem) -> None:
        """The step that broke, in full."""
        self.console.print(f"   [bold red]✗ {escape(problem.detail)}[/]")
        if problem.todo.strip():
            self.console.print(f"     {escape(problem.todo)}")

    @property
    def seconds(self) -> float:
        """Since the show began."""
        return time.monotonic() - self._started


def wait_until(what: str, probe: Any, seconds_max: float, *, every: float = 0.1) -> Any:
    """Polls until `probe()` is truthy and answers that. Raises NotAsTold when time is up."""
    deadline = time.monotonic() + seconds_max
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > deadline:
            raise NotAsTold(what=what, expected=f"within {seconds_max:g} s", came="nothing")
        time.sleep(every)
