"""Mako templates that do not escape."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.literal import resolve
from analyzers.syntax import argument, has_double_star, string_value


class MakoTemplate(CallRule):
    """Mako does not escape by default, so a value that holds HTML becomes part of the page.

    Every `${value}` has to remember its own `| h`; one forgotten is enough.

    Fix: `Template(text, default_filters=["h"])`.
    """

    severity = "medium"
    confidence = "medium"
    cwe = 79
    prior = 0.6
    references = ("https://docs.makotemplates.org/en/latest/filtering.html",)
    triggers = ("mako",)
    calls = frozenset({"mako.template.Template", "mako.lookup.TemplateLookup"})
    invalid = (
        "from mako.template import Template\nt = Template('hello ${name}')",
        "import mako.template\nt = mako.template.Template(filename='a.html')",
        "from mako.lookup import TemplateLookup\nl = TemplateLookup(directories=['t'])",
        "from mako.template import Template as T\nt = T(text, default_filters=['unicode'])",
        "from mako import template\nclass A:\n    def f(self):\n        return template.Template(self.text)",
        "from mako.lookup import TemplateLookup\nl = TemplateLookup(['t'], default_filters=[])",
    )
    valid = (
        "from mako.template import Template\nt = Template('hello ${name}', default_filters=['h'])",
        "from mako.lookup import TemplateLookup\nl = TemplateLookup(['t'], default_filters=['str', 'h'])",
        "from mako.template import Template\ndef f(**o):\n    return Template(x, **o)",
        "from mako.template import Template\ndef f(filters):\n    return Template(x, default_filters=filters)",
        "from string import Template\nt = Template('mako')",
        "def f(mako):\n    return mako.template.Template('x')",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at the filters."""
        filters = argument(node, "default_filters")
        found = None if filters is None else resolve(filters, self.scope)
        if found is None:
            unescaped = not has_double_star(node)
        else:
            unescaped = isinstance(found, cst.List | cst.Tuple) and not any(string_value(one.value) == "h" for one in found.elements)
        if unescaped:
            self.report(node)
