"""Every template of every room keeps to the content security policy, and every form to the form token."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted(
    path
    for folder in ("service", "registry", "pipelines", "profiler")
    for path in (ROOT / folder).rglob("templates/**/*.html")
    if "python-service" not in path.parts
)
INLINE = {
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "an inline script": re.compile(r"<script(?![^>]*\ssrc=)", re.IGNORECASE),
    "an event handler": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "a script address": re.compile(r"javascript:", re.IGNORECASE),
    "an htmx expression": re.compile(r"hx-on|hx-trigger=\"[^\"]*\[|hx-(?:vals|headers)=['\"]js:", re.IGNORECASE),
    "another host": re.compile(r"(?:src|href|action)\s*=\s*[\"'](?:https?:)?//", re.IGNORECASE),
}
FORM = re.compile(r"<form\b[^>]*method\s*=\s*[\"']?post[^>]*>(.*?)</form>", re.IGNORECASE | re.DOTALL)


def _id(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", TEMPLATES, ids=_id)
def test_a_template_holds_nothing_inline(path):
    text = path.read_text()
    for what, pattern in INLINE.items():
        found = pattern.search(text)
        assert not found, f"{what}: {found[0]}"


@pytest.mark.parametrize("path", TEMPLATES, ids=_id)
def test_every_posting_form_carries_its_token(path):
    for form in FORM.findall(path.read_text()):
        assert "csrf_field()" in form


def test_our_scripts_evaluate_no_text():
    for path in (ROOT / "service/web/static").rglob("*.js"):
        if "vendor" not in path.parts:
            assert not re.search(r"\beval\s*\(|new Function|document\.write|insertAdjacentHTML", path.read_text()), path.name
