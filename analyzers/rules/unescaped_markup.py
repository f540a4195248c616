"""Text declared to be safe HTML."""

import libcst as cst

from analyzers.calls import CallRule

_SAFE = frozenset({"django.utils.html.escape()", "markupsafe.escape()", "html.escape()", "flask.escape()",
                   "django.utils.html.format_html()",
                   "django.utils.html.conditional_escape()", "bleach.clean()", "nh3.clean()", "json.dumps()"})  # fmt: skip


class UnescapedMarkup(CallRule):
    """Text that is put together at run time is declared to be safe HTML, so nothing in it is escaped.

    If a part of it comes from a user, it can hold a script that runs for everybody who reads the page.

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
        "from markupsafe import Markup\nimport nh3\ndef f(text):\n    return Markup(nh3.clean(text + ''))",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at what is declared safe: only what is visibly put together here."""
        if node.args:
            built = self._resolved(node.args[0].value)
            if _joins(built) and not self._harmless(built):
                self.report(node)

    def _resolved(self, node: cst.BaseExpression) -> cst.BaseExpression:
        if not isinstance(node, cst.Name):
            return node
        found = self.scope.reaching(node.value, node)
        plain = len(found) == 1 and found[0].kind == "assign" and found[0].value is not None
        return found[0].value if plain and found[0].value is not None else node

    def _harmless(self, node: cst.BaseExpression) -> bool:
        match node:
            case cst.FormattedString():
                parts = [one.expression for one in node.parts if isinstance(one, cst.FormattedStringExpression)]
            case cst.BinaryOperation(operator=cst.Modulo(), right=cst.Tuple(elements=elements)):
                parts = [node.left, *(one.value for one in elements)]
            case cst.BinaryOperation():
                parts = [node.left, node.right]
            case cst.Call(func=cst.Attribute(value=text)):
                parts = [text, *(arg.value for arg in node.args)]
            case _:
                return self._safe(node)
        return all(self._safe(one) or (_joins(one) and self._harmless(one)) for one in parts)

    def _safe(self, node: cst.BaseExpression) -> bool:
        return self.is_constant(node) or self.qualified_name(node) in _SAFE


def _joins(node: cst.BaseExpression) -> bool:
    match node:
        case cst.FormattedString() | cst.BinaryOperation(operator=cst.Add() | cst.Modulo()):
            return True
        case cst.Call(func=cst.Attribute(attr=cst.Name(value="format"), value=text)):
            return not isinstance(text, cst.Call)
    return False
