"""A README as safe HTML."""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import nh3
from markupsafe import Markup, escape

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

RENDER_CHARACTERS_MAX = 256 * 1024
_TAGS = nh3.ALLOWED_TAGS - {"img", "form", "input"}
"""Pictures are left out: one from another host would tell it who reads this."""
_ATTRIBUTES = {"a": {"href", "title"}, "code": {"class"}, "span": {"class"}, "ol": {"start"}}
_HEADING = re.compile(r"<(/?)h([1-6])\b")


def render(text: str, filename: str) -> Markup:
    """Markdown and reStructuredText rendered and sanitised; anything else, and what fails to render, as plain text."""
    return _render(text[:RENDER_CHARACTERS_MAX], filename.lower().rpartition(".")[2])


@lru_cache(maxsize=1)
def _markdown() -> "MarkdownIt":
    from markdown_it import MarkdownIt  # as below: loaded with the first page that shows a README

    # "js-default" escapes raw HTML, which "commonmark" would pass through.
    return MarkdownIt("js-default", {"linkify": False})


@lru_cache(maxsize=32)
def _render(text: str, ending: str) -> Markup:
    html: str | None = None
    if ending in ("md", "markdown"):
        html = _markdown().render(text)
    elif ending == "rst":
        import readme_renderer.rst  # docutils: 5 MB and 60 ms that most services never need

        html = readme_renderer.rst.render(text)
    if html is None:
        return Markup('<pre tabindex="0">{}</pre>').format(escape(text))
    clean = nh3.clean(
        html,
        tags=set(_TAGS),
        attributes=_ATTRIBUTES,
        link_rel="noopener noreferrer nofollow",
        url_schemes={"http", "https", "mailto"},
    )
    # The page's own heading is level 1; the document's follow below it. Code blocks scroll: keyboards must reach them.
    lowered = _HEADING.sub(lambda m: f"<{m[1]}h{min(int(m[2]) + 1, 6)}", clean).replace("<pre>", '<pre tabindex="0">')
    return Markup(lowered)  # noqa: S704  nh3 cleaned it
