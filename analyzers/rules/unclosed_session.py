"""HTTP sessions that are never closed."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.ownership import released

_MAKERS = frozenset({"aiohttp.ClientSession", "httpx.Client", "httpx.AsyncClient", "requests.Session", "requests.session", "ftplib.FTP_TLS",
                     "smtplib.SMTP", "smtplib.SMTP_SSL", "imaplib.IMAP4_SSL", "paramiko.SSHClient", "http.client.HTTPSConnection",
                     "http.client.HTTPConnection", "psycopg2.connect", "psycopg.connect", "pymysql.connect", "redis.Redis"})  # fmt: skip
_ENDS = ("close", "aclose", "quit", "logout", "disconnect")


class UnclosedSession(CallRule):
    """The session is opened in a function and never closed; each call leaves its connections open.

    Sockets stay open until the garbage collector happens to come by, and the server's limit is reached first.

    Fix: `with Session() as session:` (`async with` for asynchronous ones), or keep one session for the whole program.
    """

    severity = "low"
    confidence = "medium"
    cwe = 772
    prior = 0.55
    references = (
        "https://requests.readthedocs.io/en/latest/user/advanced/#session-objects",
        "https://docs.aiohttp.org/en/stable/client_reference.html",
    )
    triggers = ("aiohttp", "httpx", "requests", "smtplib", "imaplib", "ftplib", "paramiko", "http.client", "psycopg", "pymysql", "redis")
    calls = _MAKERS
    invalid = (
        "import aiohttp\nasync def f(u):\n    s = aiohttp.ClientSession()\n    r = await s.get(u)\n    print(r.status)",
        "import requests\ndef f(u):\n    s = requests.Session()\n    print(s.get(u, timeout=1).text)",
        "import httpx as h\nclass A:\n    def f(self, u):\n        c = h.Client()\n        print(c.get(u))",
        "from smtplib import SMTP_SSL\ndef f(m):\n    s = SMTP_SSL('mail')\n    s.send_message(m)",
        "import psycopg2\ndef f():\n    c = psycopg2.connect('')\n    c.cursor().execute('select 1')",
        "from paramiko import SSHClient\ndef f(h):\n    c = SSHClient()\n    c.connect(h)\n    c.exec_command('ls')",
    )
    valid = (
        "import aiohttp\nasync def f(u):\n    async with aiohttp.ClientSession() as s:\n        await s.get(u)",
        "import requests\nSESSION = requests.Session()\ndef f(u):\n    return SESSION.get(u, timeout=1)",
        "import requests\ndef f():\n    s = requests.Session()\n    s.auth = ('a', 'b')\n    return s",
        ("import smtplib\ndef f(m):\n    s = smtplib.SMTP_SSL('mail')\n    try:\n        s.send_message(m)\n    finally:\n"
         "        s.quit()"),
        "import httpx\nclass A:\n    def __init__(self):\n        self.client = httpx.Client()",
        "import httpx\nasync def f(u):\n    c = httpx.AsyncClient()\n    await c.get(u)\n    await c.aclose()",
        "import requests\ndef f():\n    s = requests.Session()\n    return Api(s)",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at what becomes of a session kept in a local name."""
        around, function = self.parent(), self.scope.node
        if not isinstance(around, cst.Assign) or not isinstance(function, cst.FunctionDef):
            return
        target = around.targets[0].target
        if not isinstance(target, cst.Name) or self.scope.declares_elsewhere(target.value):
            return
        code = self.context.module.code_for_node(function.body)
        ended = any(f"{target.value}.{word}(" in code for word in _ENDS)
        if not ended and target.value not in released(function, self.scope):
            self.report(node)
