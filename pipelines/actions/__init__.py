"""Kinds of actions, one per file: a new file with a `Kind` in it is a new kind, found by discovery."""

import importlib
import pkgutil
from functools import cache

from pipelines.actions.kind import Kind

__all__ = ["Kind", "kinds"]


@cache
def kinds() -> dict[str, Kind]:
    """Every kind by its word, in the order of the words."""
    found: list[Kind] = []
    for module in pkgutil.iter_modules(__path__):
        if module.ispkg or module.name == "kind":
            continue
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        found += [
            value()
            for value in vars(loaded).values()
            if isinstance(value, type) and issubclass(value, Kind) and value.__module__ == loaded.__name__
        ]
    return {kind.word: kind for kind in sorted(found, key=lambda kind: kind.word)}
