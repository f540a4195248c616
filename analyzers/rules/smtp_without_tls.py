"""Mail logins in the clear."""

import libcst as cst

from analyzers.blocks import calls_in, last_name
from analyzers.calls import CallRule
from analyzers.syntax import ScopeNode


class SmtpWithoutTls(CallRule):
    """The mail server's password is sent over a connection that nobody encrypted.

    `smtplib.SMTP` speaks plain text until `starttls()` is called.

    Fix: call `server.starttls(context=ssl.create_default_context())` before `login`, or use `smtplib.SMTP_SSL`.
    """

    severity = "high"
    cwe = 319
    prior = 0.8
    references = ("https://docs.python.org/3/library/smtplib.html#smtplib.SMTP.starttls",)
    triggers = ("smtplib",)
    calls = frozenset({"smtplib.SMTP().login"})
    invalid = (
        "import smtplib\ns = smtplib.SMTP('mail')\ns.login(user, password)",
        "from smtplib import SMTP\ndef f(u, p):\n    with SMTP('mail', 587) as s:\n        s.login(u, p)",
        ("import smtplib as m\nclass A:\n    def send(self):\n        box = m.SMTP(self.host)\n        box.ehlo()\n"
         "        box.login('a', self.pw)"),
        "import smtplib\ndef f():\n    smtplib.SMTP('mail').login('a', secret())",
        "import smtplib\ns = smtplib.SMTP(host='mail', port=25)\ns.login(user=u, password=p)",
        "import smtplib\nasync def f():\n    s = smtplib.SMTP('mail')\n    return s.login(u, p)",
    )
    valid = (
        "import smtplib\ns = smtplib.SMTP('mail')\ns.starttls()\ns.login(user, password)",
        "import smtplib\ns = smtplib.SMTP_SSL('mail')\ns.login(user, password)",
        "import smtplib\ns = smtplib.SMTP('localhost')\ns.send_message(m)",
        "import smtplib\ndef f(s):\n    s.login('a', 'b')",
        "from smtplib import SMTP\nwith SMTP('mail') as s:\n    s.ehlo()\n    s.starttls()\n    s.login(u, p)",
        "class SMTP: ...\nSMTP().login(u, p)  # smtplib",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks whether the same function encrypts."""
        place: ScopeNode = self.scope.node
        if not any(last_name(call.func) == "starttls" for call in calls_in(place)):
            self.report(node)
