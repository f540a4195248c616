"""URL rules that compile what only `url_for` needs when it is first asked for."""

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule


class LazyRule(Rule):
    """Werkzeug compiles two builders for every rule when it is added: nine tenths of making the application, for few that are used."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compile_now = super()._compile_builder
        compiled: list[Any] = []

        def build(rule: Rule, **values: Any) -> tuple[str, str]:
            if not compiled:
                compiled.append(compile_now(append_unknown))
            path: tuple[str, str] = compiled[0](rule, **values)
            return path

        return build
