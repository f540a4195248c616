"""The cases of `held_out_by_page.toml`: what a rule's page promises, put down by somebody who had not seen the rule."""

import tomllib
from pathlib import Path

_FILE = Path(__file__).with_name("held_out_by_page.toml")


def cases() -> list[tuple[str, list[str], list[str]]]:
    """(rule, bad forms, good twins) of each rule."""
    told = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return [(name, one["bad"], one["good"]) for name, one in told.items()]
