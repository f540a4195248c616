"""The cases of `held_out_by_page.toml` and `held_out_newest.toml`: what a rule's page promises, put down by somebody who had not seen the rule."""

import tomllib
from pathlib import Path


def cases(name: str = "held_out_by_page") -> list[tuple[str, list[str], list[str]]]:
    """(rule, bad forms, good twins) of each rule; `held_out_newest` has those of the nineteen rules that came last."""
    told = tomllib.loads(Path(__file__).with_name(f"{name}.toml").read_text(encoding="utf-8"))
    return [(name, one["bad"], one["good"]) for name, one in told.items()]
