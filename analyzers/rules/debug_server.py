"""Web servers started with their debugger on."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import argument, is_name, string_value

_DEBUGGED = frozenset({"flask.Flask().run", "flask.app.Flask().run", "bottle.run", "fastapi.FastAPI", "starlette.applications.Starlette",
                       "tornado.web.Application"})  # fmt: skip
_SWITCHES = frozenset({"debug", "use_debugger", "DEBUG"})
_FLAGS = ("FLASK_DEBUG", "WERKZEUG_DEBUG")


class DebugServer(Rule):
    """The web server runs with its debugger on, which lets a visitor run code.

    Werkzeug's debugger offers a Python console on every error page; its PIN can be computed from what other faults
    leak. Error pages also show source and variables.

    Fix: take the flag from the environment and leave it off: `flask --debug run` on your own machine.
    """

    severity = "high"
    cwe = 489
    prior = 0.8
    references = ("https://flask.palletsprojects.com/en/stable/debugging/", "https://werkzeug.palletsprojects.com/en/stable/debug/")
    triggers = ("debug", "DEBUG")
    invalid = (
        "from flask import Flask\napp = Flask(__name__)\napp.run(debug=True)",
        "from flask import Flask\napp = Flask(__name__)\nif __name__ == '__main__':\n    app.run(port=80, debug=True)",
        "import flask\napp = flask.Flask(__name__)\napp.debug = True",
        "from flask import Flask\napp = Flask(__name__)\napp.config['DEBUG'] = True",
        "from werkzeug.serving import run_simple\ndef f(app):\n    run_simple('localhost', 80, app, use_debugger=True)",
        "def f(app):\n    app.run(debug=True)",
        "import flask\ndef create():\n    return flask.Flask(__name__)\ncreate().run(debug=True)",
        "from bottle import run\nrun(host='localhost', port=8080, debug=True)",
        "from fastapi import FastAPI\napi = FastAPI(title='Shop', debug=True)",
        "import tornado.web\ndef make():\n    return tornado.web.Application([('/', Home)], debug=True)",
        "from flask import Flask\napp = Flask(__name__)\napp.config.update(TESTING=False, DEBUG=True)",
        "import os\nfrom flask import Flask\nos.environ['FLASK_DEBUG'] = '1'",
    )
    valid = (
        "from flask import Flask\napp = Flask(__name__)\napp.run()",
        "from flask import Flask\napp = Flask(__name__)\napp.run(debug=False)",
        "import os\nfrom flask import Flask\napp = Flask(__name__)\napp.run(debug=bool(os.environ.get('DEBUG')))",
        "import asyncio\nasync def main(): ...\nasyncio.run(main(), debug=True)",
        "def f(solver):\n    solver.debug = True",
        "def f(config):\n    config['DEBUG'] = True",
        "from fastapi import FastAPI\napi = FastAPI(title='Shop', debug=settings.debug)",
        "from flask import Flask\napp = Flask(__name__)\napp.config.update(TESTING=True, DEBUG=False)",
        "import os\nos.environ['FLASK_DEBUG'] = '0'",
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at servers being started."""
        if not isinstance(node.func, cst.Attribute | cst.Name):
            return
        if not any(arg.keyword is not None and arg.keyword.value in _SWITCHES for arg in node.args):
            return
        name = self.qualified_name(node.func)
        if name is not None and name.endswith("werkzeug.serving.run_simple"):
            if is_name(argument(node, "use_debugger"), "True"):
                self.report(node)
        elif name in ("flask.Flask().config.update", "flask.Flask().config.from_mapping"):
            if is_name(argument(node, "DEBUG"), "True"):
                self.report(node)
        elif is_name(argument(node, "debug"), "True") and (name in _DEBUGGED or _runs_app(node.func)):
            self.report(node)

    def visit_Assign(self, node: cst.Assign) -> None:
        """Looks at the flag being set."""
        if string_value(node.value) == "1" and any(self._is_variable(one.target) for one in node.targets):
            self.report(node)
        if not is_name(node.value, "True"):
            return
        for target in node.targets:
            match target.target:
                case cst.Attribute(attr=cst.Name(value="debug"), value=owner):
                    if self.qualified_name(owner) == "flask.Flask()":
                        self.report(node)
                case cst.Subscript(value=owner, slice=[cst.SubscriptElement(slice=cst.Index(value=key))]):
                    is_debug = isinstance(key, cst.SimpleString) and key.evaluated_value == "DEBUG"
                    if is_debug and self.qualified_name(owner) == "flask.Flask().config":
                        self.report(node)

    def _is_variable(self, target: cst.BaseExpression) -> bool:
        match target:
            case cst.Subscript(value=owner, slice=[cst.SubscriptElement(slice=cst.Index(value=key))]):
                return string_value(key) in _FLAGS and self.qualified_name(owner) == "os.environ"
        return False


def _runs_app(func: cst.Attribute | cst.Name) -> bool:
    return isinstance(func, cst.Attribute) and func.attr.value == "run" and is_name(func.value, "app", "application")
