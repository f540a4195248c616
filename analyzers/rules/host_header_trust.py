"""Addresses built from the Host header."""

import re

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import descend, string_value

_HOSTS = frozenset({"flask.request.host", "flask.request.host_url", "flask.request.url_root", "flask.request.base_url"})
_LINKS = re.compile(r"(reset|confirm|verify|activat|invite|callback|unsubscribe|link|mail)", re.IGNORECASE)


class HostHeaderTrust(Rule):
    """A link is built from the Host header, which the client writes.

    A password-reset mail with such a link sends the user, and the token in it, to the attacker's server.

    Fix: take the site's address from the configuration.
    """

    severity = "medium"
    confidence = "medium"
    cwe = 644
    prior = 0.65
    references = ("https://docs.djangoproject.com/en/stable/topics/security/#host-header-validation",)
    triggers = ("host", "Host", "HOST", "url_root", "base_url")
    invalid = (
        "from flask import request\ndef reset():\n    link = 'https://' + request.headers['Host'] + '/reset/' + token()",
        "def confirm(request):\n    return f\"https://{request.META['HTTP_HOST']}/confirm/{token()}\"",
        "from flask import request\ndef invite():\n    return 'https://{}/join'.format(request.headers.get('host'))",
        "from flask import request\ndef reset_password(u):\n    link = 'https://' + request.host + '/reset/' + token(u)",
        "from flask import request\ndef f(u):\n    reset_link = f'{request.host_url}reset?t={u.t}'\n    send(u, reset_link)",
        "def send_mail(request, t):\n    url = 'https://%s/confirm/%s' % (request.get_host(), t)\n    mail(url)",
        "from flask import request as r\ndef f(t):\n    mail(body=f'click {r.url_root}verify/{t}')",
        "class A:\n    def invite(self, request):\n        return 'https://{}/join'.format(request.get_host())",
        "from flask import request\ndef activate(u):\n    return request.base_url + '/activate/' + u.key",
    )
    valid = (
        "from flask import current_app\ndef reset(u):\n    return current_app.config['SITE'] + '/reset/' + u.t  # not the host",
        "from flask import request\ndef f():\n    return request.host == 'a.example'",
        "from flask import request\ndef f():\n    log('host ' + request.host)",
        "def reset(server):\n    return server.host + '/reset'",
        "def reset(request):\n    return 'https://a.example/reset?lang=' + request.headers['Accept-Language']  # no Host",
        "from flask import request, url_for\ndef reset(t):\n    return url_for('reset', token=t)  # host",
        "def reset(request):\n    check(request.get_host())\n    return 'done'",
    )

    def visit_FormattedString(self, node: cst.FormattedString) -> None:
        """Looks at f-strings."""
        self._check(node)

    def visit_BinaryOperation(self, node: cst.BinaryOperation) -> None:
        """Looks at sums and `%`."""
        if not isinstance(self.parent(), cst.BinaryOperation):
            self._check(node)

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at `format`."""
        if isinstance(node.func, cst.Attribute) and node.func.attr.value == "format":
            self._check(node)

    def _check(self, node: cst.BaseExpression) -> None:
        parts = list(descend(node))
        if not any(self._is_host(one) for one in parts):
            return
        texts = [one.value for one in parts if isinstance(one, cst.SimpleString | cst.FormattedStringText)]
        function = self.scope.node
        named = isinstance(function, cst.FunctionDef) and bool(_LINKS.search(function.name.value))
        if named or any(_LINKS.search(text) and set(text) & set("/?") for text in texts):
            self.report(node)

    def _is_host(self, node: cst.CSTNode) -> bool:
        match node:
            case cst.Call(func=cst.Attribute(value=cst.Name(value="request"), attr=cst.Name(value="get_host"))):
                return True
            case cst.Subscript(value=table, slice=[cst.SubscriptElement(slice=cst.Index(value=key))]):
                return _is_headers(table) and (string_value(key) or "").lower() in ("host", "http_host")
            case cst.Call(func=cst.Attribute(value=table, attr=cst.Name(value="get")), args=[cst.Arg(value=key), *_]):
                return _is_headers(table) and (string_value(key) or "").lower() in ("host", "http_host")
        return isinstance(node, cst.Attribute) and self.qualified_name(node) in _HOSTS


def _is_headers(node: cst.BaseExpression) -> bool:
    return isinstance(node, cst.Attribute) and node.attr.value in ("headers", "META")
