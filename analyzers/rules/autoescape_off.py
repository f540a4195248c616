"""Templates that do not escape."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.syntax import argument, has_double_star


class AutoescapeOff(CallRule):
    """The template environment does not escape values, so a value that holds HTML becomes part of the page.

    Jinja's default is off; what a user writes into a field then runs as a script for everybody who reads it.

    Fix: `Environment(autoescape=select_autoescape())`.
    """

    severity = "high"
    confidence = "medium"
    cwe = 79
    prior = 0.65
    references = ("https://jinja.palletsprojects.com/en/stable/api/#autoescaping",)
    triggers = ("jinja2", "autoescape", "tornado")
    calls = frozenset({"jinja2.Environment", "jinja2.environment.Environment", "jinja2.sandbox.SandboxedEnvironment",
                       "tornado.template.Loader", "jinja2.Template", "jinja2.environment.Template"})  # fmt: skip
    invalid = (
        "import jinja2\nenv = jinja2.Environment(loader=loader)",
        "from jinja2 import Environment as E\nenv = E(autoescape=False)",
        "from jinja2.sandbox import SandboxedEnvironment\nenv = SandboxedEnvironment()",
        "import jinja2\nclass A:\n    def f(self):\n        self.env = jinja2.Environment(loader=self.l, trim_blocks=True)",
        "from jinja2.environment import Environment\nOFF = False\nenv = Environment(autoescape=OFF)",
        "from tornado.template import Loader\nl = Loader('.', autoescape=None)",
    )
    valid = (
        "import jinja2\nenv = jinja2.Environment(autoescape=True)",
        "from jinja2 import Environment, select_autoescape\nenv = Environment(autoescape=select_autoescape())",
        "import jinja2\ndef f(**options):\n    return jinja2.Environment(**options)",
        "import jinja2\ndef f(flag):\n    return jinja2.Environment(autoescape=flag)",
        "from mine import Environment\nenv = Environment()  # jinja2",
        "from tornado.template import Loader\nl = Loader('.')",
        "from jinja2.nativetypes import NativeEnvironment\nenv = NativeEnvironment()",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at the option."""
        option = argument(node, "autoescape")
        tornado = name.startswith("tornado")
        if option is None:
            off = not tornado and not name.endswith("Template") and not has_double_star(node)
        else:
            off = self.is_false(option) or (isinstance(option, cst.Name) and option.value == "None")
        if off:
            self.report(node)
