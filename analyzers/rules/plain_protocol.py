"""Protocols that send passwords in the clear."""

import libcst as cst

from analyzers.calls import CallRule


class PlainProtocol(CallRule):
    """The protocol sends everything in the clear, passwords included.

    Everybody on the way can read and change Telnet, FTP and unencrypted mail or directory sessions.

    Fix: use SSH or SFTP, `ftplib.FTP_TLS`, `imaplib.IMAP4_SSL`, `poplib.POP3_SSL`.
    """

    severity = "medium"
    cwe = 319
    prior = 0.7
    references = ("https://www.rfc-editor.org/rfc/rfc4217.html", "https://docs.python.org/3/library/ftplib.html#ftplib.FTP_TLS")
    triggers = ("telnetlib", "ftplib", "imaplib", "poplib", "nntplib", "pyghmi", "telnetlib3", "aioftp")
    calls = frozenset(
        {"telnetlib.Telnet", "ftplib.FTP", "nntplib.NNTP", "telnetlib3.open_connection", "pyghmi.ipmi.command.Command",
         "imaplib.IMAP4().login", "poplib.POP3().pass_", "poplib.POP3().user"}
    )  # fmt: skip
    invalid = (
        "import telnetlib\nt = telnetlib.Telnet('host')",
        "from ftplib import FTP\nwith FTP('host') as ftp:\n    ftp.login()",
        "import ftplib as f\nclass A:\n    def get(self):\n        return f.FTP(self.host)",
        "import imaplib\nbox = imaplib.IMAP4('host')\nbox.login(user, password)",
        "import nntplib\nn = nntplib.NNTP(host)",
        "from pyghmi.ipmi import command\nc = command.Command(bmc='host')",
        "from poplib import POP3\nbox = POP3('host')\nbox.pass_(password)",
    )
    valid = (
        "import ftplib\nftp = ftplib.FTP_TLS('host')",
        "import imaplib\nbox = imaplib.IMAP4_SSL('host')\nbox.login(user, password)",
        "import imaplib\nbox = imaplib.IMAP4('host')\nbox.noop()",
        "import poplib\nbox = poplib.POP3_SSL('host')\nbox.pass_(password)",
        "class FTP: ...\nFTP('host')  # not ftplib",
        "import ftplib\ndef f(error):\n    return isinstance(error, ftplib.error_perm)",
        "def f(telnetlib):\n    return telnetlib.Telnet('host')",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Reports the session; mail sessions only once a password is sent, since `starttls()` may come before."""
        if name.startswith("imaplib.") and self._upgraded():
            return
        self.report(node)

    def _upgraded(self) -> bool:
        return "starttls" in self.context.text
