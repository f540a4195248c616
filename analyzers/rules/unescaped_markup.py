"""Text declared to be safe HTML."""

import re
from collections.abc import Sequence

import libcst as cst

from analyzers.calls import CallRule
from analyzers.literal import resolve
from analyzers.statement import Piece, pieces
from analyzers.syntax import descend, is_name

_ESCAPER = re.compile(r"escape|^format_html|^quoteattr$|^clean$|saniti[sz]e|^linkify$|^dumps$", re.IGNORECASE)
_ESCAPED, _DOUBTFUL, _PASTED = range(3)
DEPTH_MAX = 8


class UnescapedMarkup(CallRule):
    """Text that is put together at run time is declared to be safe HTML, so nothing in it is escaped.

    If a part of it comes from a user, it can hold a script that runs for everybody who reads the page. Where all parts are
    what functions give, which may have escaped it, the severity is medium.

    Fix: let the template escape, or build it with `format_html("<b>{}</b>", name)` or `Markup("<b>{}</b>").format(name)`.
    """

    severity = "high"
    confidence = "medium"
    cwe = 79
    prior = 0.6
    references = ("https://markupsafe.palletsprojects.com/en/stable/escaping/",)
    triggers = ("Markup", "mark_safe", "SafeString", "SafeText")
    calls = frozenset({"markupsafe.Markup", "flask.Markup", "jinja2.Markup", "django.utils.safestring.mark_safe",
                       "django.utils.safestring.SafeString", "django.utils.safestring.SafeText"})  # fmt: skip
    invalid = (
        "from markupsafe import Markup\ndef f(name):\n    return Markup(f'<b>{name}</b>')",
        "from django.utils.safestring import mark_safe\ndef f(name):\n    return mark_safe('<b>' + name + '</b>')",
        "from flask import Markup as M\ndef f(name):\n    return M('<b>%s</b>' % name)",
        "from django.utils import safestring\nclass A:\n    def f(self, n):\n        return safestring.mark_safe('<i>{}</i>'.format(n))",
        "import markupsafe\ndef f(name):\n    text = '<b>' + name\n    return markupsafe.Markup(text)",
        "from django.utils.safestring import mark_safe\ndef f(bound):\n    return mark_safe(str(bound.errors) + str(bound))",
        ("from django.utils.safestring import mark_safe\nclass A:\n    def f(self, url):\n"
         "        return mark_safe(self.template.format(href=url))"),
        "from django.utils.safestring import SafeString\ndef f(a):\n    return SafeString(f'<p>{a.text}')",
    )
    valid = (
        "from markupsafe import Markup\nRULE = Markup('<hr>')",
        "from markupsafe import Markup\ndef f(name):\n    return Markup('<b>{}</b>').format(name)",
        "from django.utils.html import format_html\ndef f(name):\n    return format_html('<b>{}</b>', name)",
        "from markupsafe import Markup, escape\ndef f(name):\n    return Markup(f'<b>{escape(name)}</b>')",
        "from markupsafe import Markup\nTAG = 'b'\ndef f():\n    return Markup(f'<{TAG}>')",
        "from markupsafe import Markup\ndef f(html):\n    return Markup(html)",
        "from rich import Markup\ndef f(name):\n    return Markup(f'[b]{name}')",
        ("from django.utils.html import escape\nfrom django.utils.safestring import mark_safe\n"
         "def f(text, args):\n    return mark_safe(text.format(*map(escape, args)))"),
        ("from django.utils.html import escape\nfrom django.utils.safestring import mark_safe\n"
         "def f(name, safe):\n    if not safe:\n        name = escape(name)\n    return mark_safe(f'<b>{name}</b>')"),
        ("from django.utils.html import escape\nfrom django.utils.safestring import mark_safe\nclass A:\n    def f(self, url):\n"
         "        link = self.template.format(href=escape(url))\n        return mark_safe(f'<p>{link}')"),
        "from markupsafe import Markup\nimport nh3\ndef f(text):\n    return Markup(nh3.clean(text + ''))",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at what is declared safe: only what is visibly put together here."""
        if not node.args:
            return
        text = resolve(node.args[0].value, self.scope)
        if _joins(text) and (grade := self._grade(text, 0)) != _ESCAPED:
            self.report(node, severity=None if grade == _PASTED else "medium")

    def _grade(self, node: cst.BaseExpression, depth: int) -> int:
        if depth > DEPTH_MAX or self.is_constant(node):
            return _ESCAPED
        match node:
            case cst.Name():
                return self._named(node, depth)
            case cst.Call() if self._escapes(node):
                return _ESCAPED
            case cst.Call() if _is_template(node):
                return self._worst([arg.value for arg in node.args], depth)
            case cst.Call():
                return _DOUBTFUL
            case cst.DictComp() | cst.ListComp() | cst.GeneratorExp():
                return self._grade(node.value if isinstance(node, cst.DictComp) else node.elt, depth + 1)
            case cst.FormattedString() | cst.BinaryOperation():
                parts = pieces(node, self.scope)
                return _PASTED if parts == [node] else self._worst(parts, depth)
            case cst.IfExp():
                return self._worst([node.body, node.orelse], depth)
        return _PASTED

    def _worst(self, parts: Sequence[Piece], depth: int) -> int:
        return max((self._grade(one, depth + 1) for one in parts if not isinstance(one, str)), default=_ESCAPED)

    def _named(self, node: cst.Name, depth: int) -> int:
        """A name that is escaped on one of its ways is taken for one whose other ways need none."""
        found = self.scope.reaching(node.value, node)
        values = [one.value for one in found if one.kind in ("assign", "augment") and one.value is not None]
        grades = [self._grade(one, depth + 1) for one in values if not _reads(one, node.value) or isinstance(one, cst.Call)]
        escaped = any(grade == _ESCAPED and not self.is_constant(one) for grade, one in zip(grades, values, strict=False))
        return _ESCAPED if escaped else max(grades, default=_PASTED)

    def _escapes(self, node: cst.Call) -> bool:
        """Whether it escapes, by its name, or has something that does done to all: `map(escape, names)`."""
        called = [arg.value for arg in node.args[:1]] if is_name(node.func, "map") else [node.func]
        return any(_ESCAPER.search(_last_word(one)) for one in called)


def _last_word(node: cst.BaseExpression) -> str:
    return node.attr.value if isinstance(node, cst.Attribute) else node.value if isinstance(node, cst.Name) else ""


def _joins(node: cst.BaseExpression) -> bool:
    match node:
        case cst.FormattedString() | cst.BinaryOperation(operator=cst.Add() | cst.Modulo()):
            return True
    return _is_template(node)


def _is_template(node: cst.BaseExpression) -> bool:
    """Whether it fills a text that is known elsewhere: `self.row.format(name=escape(name))`."""
    match node:
        case cst.Call(func=cst.Attribute(attr=cst.Name(value="format"), value=text)):
            return bool(node.args) and not isinstance(text, cst.Call)
    return False


def _reads(node: cst.CSTNode, name: str) -> bool:
    return any(is_name(one, name) for one in descend(node))
