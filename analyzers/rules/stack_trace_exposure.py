"""Errors shown to visitors."""

import libcst as cst

from analyzers.blocks import last_name
from analyzers.rule import Rule
from analyzers.syntax import descend

_TRACE = frozenset({"traceback.format_exc", "traceback.format_exception", "traceback.format_tb", "sys.exc_info", "traceback.format_stack"})
_ROUTES = ("route", "get", "post", "put", "delete", "patch", "api_route", "api_view")
_ERROR_ROUTES = ("errorhandler", "app_errorhandler", "exception_handler")
_ANSWERS = ("jsonify", "HttpResponse", "JsonResponse", "make_response", "Response", "JSONResponse", "PlainTextResponse", "HTMLResponse",
            "HttpResponseServerError")


class StackTraceExposure(Rule):
    """The answer to a request holds a stack trace or an exception's text.

    They tell a visitor paths, versions, SQL and sometimes secrets.

    Fix: log it with `logger.exception`, and answer with a sentence and a number to look it up.
    """

    severity = "medium"
    confidence = "medium"
    cwe = 209
    prior = 0.65
    references = ("https://cheatsheetseries.owasp.org/cheatsheets/Error_Handling_Cheat_Sheet.html",)
    triggers = ("traceback", "except", "exc_info")
    invalid = (
        "import traceback\n@app.errorhandler(Exception)\ndef failed(error):\n    return traceback.format_exc(), 500",
        ("import traceback\n@api.post('/x')\ndef f():\n    try:\n        g()\n    except ValueError:\n"
         "        return {'error': traceback.format_exc()}"),
        ("import traceback\n@app.route('/')\ndef f():\n    try:\n        return g()\n    except Exception:\n"
         "        return traceback.format_exc(), 500"),
        "@app.get('/')\ndef f():\n    try:\n        return g()\n    except Exception as e:\n        return str(e), 500",
        ("from flask import jsonify\n@bp.post('/')\ndef f():\n    try:\n        g()\n    except Exception as e:\n"
         "        return jsonify({'error': str(e)})"),
        ("from django.http import HttpResponse\nimport traceback as t\ndef view(request):\n    try:\n        g()\n"
         "    except Exception:\n        return HttpResponse(t.format_exc())"),
        "@app.route('/')\ndef f():\n    try:\n        g()\n    except Exception as error:\n        return f'failed: {error}'",
        ("from django.http import JsonResponse\nclass V(View):\n    def get(self, request):\n        try:\n            g()\n"
         "        except Exception as e:\n            return JsonResponse({'e': repr(e)})"),
    )
    valid = (
        ("@app.route('/')\ndef f():\n    try:\n        return g()\n    except Exception:\n        log.exception('g')\n"
         "        return 'sorry', 500"),
        "import traceback\ndef f():\n    try:\n        g()\n    except Exception:\n        return traceback.format_exc()",
        ("@app.route('/')\ndef f():\n    try:\n        return g()\n    except ValueError as e:\n        log.error(str(e))\n"
         "        return 'bad', 400"),
        "@app.route('/')\ndef f():\n    try:\n        return g()\n    except FormError as e:\n        return str(e), 400",
        "@cache.get('x')\ndef f():\n    return 1\ntry:\n    g()\nexcept Exception as e:\n    print(str(e))",
        "import traceback\n@app.errorhandler(Exception)\ndef failed(error):\n    log(traceback.format_exc())\n    return 'sorry', 500",
        ("@app.route('/')\ndef f():\n    try:\n        return g()\n    except Exception as e:\n        report(e)\n"
         "        return render('error.html')"),
    )

    def visit_Return(self, node: cst.Return) -> None:
        """Looks at what a handler of requests returns from a broad `except`."""
        handlers = [one for one in self.context.inside(cst.ExceptHandler) if isinstance(one, cst.ExceptHandler)]
        if node.value is None or not self._answers(node.value):
            return
        if any(isinstance(one, cst.Call) and self.qualified_name(one.func) in _TRACE for one in descend(node.value)):
            if handlers or self._handles_errors():
                self.report(node)
            return
        if not handlers:
            return
        caught = handlers[0]
        broad = caught.type is None or self.qualified_name(caught.type) in ("builtins.Exception", "builtins.BaseException")
        broad = broad or (isinstance(node.value, cst.Call) and last_name(node.value.func) == "HttpResponseServerError")
        name = caught.name.name.value if caught.name is not None and isinstance(caught.name.name, cst.Name) else ""
        if broad and any(self._shows(one, name) for one in descend(node.value)):
            self.report(node)

    def _answers(self, value: cst.BaseExpression) -> bool:
        function = self.scope.node
        if not isinstance(function, cst.FunctionDef):
            return False
        if any(_is_route(one.decorator) for one in function.decorators):
            return True
        func = value.func if isinstance(value, cst.Call) else None
        last = func.attr if isinstance(func, cst.Attribute) else func
        return isinstance(last, cst.Name) and last.value in _ANSWERS

    def _handles_errors(self) -> bool:
        function = self.scope.node
        words = [_last(one.decorator) for one in function.decorators] if isinstance(function, cst.FunctionDef) else []
        return any(word in _ERROR_ROUTES for word in words)

    def _shows(self, node: cst.CSTNode, name: str) -> bool:
        match node:
            case cst.Call(func=cst.Name(value="str" | "repr"), args=[cst.Arg(value=cst.Name(value=shown))]):
                return bool(name) and shown == name
            case cst.FormattedStringExpression(expression=cst.Name(value=shown)):
                return bool(name) and shown == name
        return False


def _is_route(node: cst.BaseExpression) -> bool:
    func = node.func if isinstance(node, cst.Call) else node
    return isinstance(func, cst.Attribute) and func.attr.value in (*_ROUTES, *_ERROR_ROUTES)


def _last(node: cst.BaseExpression) -> str:
    return last_name(node.func if isinstance(node, cst.Call) else node)
