"""Templates that Flask does not escape."""

import libcst as cst

from analyzers.calls import CallRule

_ESCAPED = (".html", ".htm", ".xml", ".xhtml", ".svg")


class PlainTextTemplate(CallRule):
    """Flask escapes values only in templates that end in .html, .htm, .xml, .xhtml or .svg; in this one they stay as they are.

    If the browser takes the answer for a page, what a user typed runs as a script.

    Fix: name it `.html`, or send it with `Content-Type: text/plain`.
    """

    severity = "low"
    confidence = "medium"
    cwe = 79
    prior = 0.5
    references = ("https://flask.palletsprojects.com/en/stable/templating/#jinja-setup",)
    triggers = ("render_template",)
    calls = frozenset({"flask.render_template", "flask.templating.render_template", "flask.stream_template"})
    invalid = (
        "from flask import render_template\ndef f(text):\n    return render_template('note.txt', text=text)",
        "import flask\ndef f(x):\n    return flask.render_template('page.tmpl', x=x)",
    )
    valid = (
        "from flask import render_template\ndef f(text):\n    return render_template('note.html', text=text)",
        "from flask import render_template\ndef f():\n    return render_template('robots.txt')",
        "from flask import render_template\ndef f(name, x):\n    return render_template(name, x=x)",
        "from flask import render_template\ndef f(mail, x):\n    mail.body = render_template('mail.txt', x=x)",
        "from flask import render_template, Response\ndef f(x):\n    return Response(render_template('a.txt', x=x), mimetype='text/plain')",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at what a view returns as it is."""
        named = self.text(node.args[0].value if node.args else None)
        if named and len(node.args) > 1 and not named.lower().endswith(_ESCAPED) and isinstance(self.parent(), cst.Return):
            self.report(node)
