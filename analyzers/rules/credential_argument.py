"""Passwords and keys written into calls that take them by position, in pairs or inside a text."""

import re

import libcst as cst

from analyzers.blocks import last_name
from analyzers.credential import is_credential, is_mixed
from analyzers.literal import resolve
from analyzers.rule import Rule
from analyzers.syntax import argument, string_value

_POSITIONS = {
    "ftplib.FTP().login": 1, "ftplib.FTP_TLS().login": 1, "smtplib.SMTP().login": 1, "smtplib.SMTP_SSL().login": 1,
    "imaplib.IMAP4().login": 1, "imaplib.IMAP4_SSL().login": 1, "poplib.POP3().pass_": 0, "poplib.POP3_SSL().pass_": 0,
    "pymysql.connect": 2, "MySQLdb.connect": 2, "cx_Oracle.connect": 1, "oracledb.connect": 1, "requests.auth.HTTPBasicAuth": 1,
    "requests.auth.HTTPDigestAuth": 1, "httpx.BasicAuth": 1, "aiohttp.BasicAuth": 1, "cryptography.fernet.Fernet": 0,
    "Crypto.Cipher.AES.new": 0, "Cryptodome.Cipher.AES.new": 0, "cryptography.hazmat.primitives.ciphers.algorithms.AES": 0,
    "cryptography.hazmat.primitives.ciphers.aead.AESGCM": 0, "hmac.new": 0,
}  # fmt: skip
"""Where calls take a password or key by position."""
_AES_KEY_BYTES = (16, 24, 32)
_WORDS = frozenset(name.rsplit(".", 1)[-1] for name in _POSITIONS)
_IN_DSN = re.compile(r"\bpassword\s*=\s*'?([^\s';]+)", re.IGNORECASE)


class CredentialArgument(Rule):
    """A password or key is written in the call that uses it.

    Everyone who can read the code has it, it stays in the history after it is deleted, and it cannot be changed without a release.

    Fix: take it from the environment or a secret store, and change the one that was written here.
    """

    severity = "high"
    confidence = "medium"
    cwe = 798
    prior = 0.8
    references = ("https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html",)
    invalid = (
        'import ftplib\nftp = ftplib.FTP_TLS("files.example.org")\nftp.login("ann", "tulip-44-rain")',
        'import requests\nrequests.get("https://a.example", auth=("ann", "tulip-44-rain"), timeout=5)',
        'import psycopg2\ndb = psycopg2.connect("host=db user=ann password=tulip-44-rain")',
        'from Crypto.Cipher import AES\ndef f(data, iv):\n    return AES.new(b"tulip-44-rain-16", AES.MODE_CBC, iv)',
        'import smtplib\ndef mail(text):\n    with smtplib.SMTP_SSL("mail.example.org") as s:\n        s.login("ann", "tulip-44-rain")',
        'from cryptography.fernet import Fernet\nKEY = b"tulip-44-rain-and-9-roses-in-may"\nbox = Fernet(KEY)',
        'from Crypto.Cipher import AES\nkey = b"sixteen byte key"\ncipher = AES.new(key, AES.MODE_GCM)',
        'import httpx\nclass Api:\n    http = httpx.Client(auth=("ann", "tulip-44-rain"))',
    )
    valid = (
        'import ftplib\nftp = ftplib.FTP_TLS("files.example.org")\nftp.login("anonymous", "")',
        'import requests\nrequests.get("https://a.example", auth=("ann", settings.password), timeout=5)',
        'import psycopg2\ndb = psycopg2.connect("host=db user=ann password=%s" % password)',
        'import hmac\ndef f(key, body):\n    return hmac.new(key, body, "sha256")',
        "import httpx\nclass Api:\n    def __init__(self, user, password):\n        self.http = httpx.Client(auth=(user, password))",
        "from cryptography.fernet import Fernet\nbox = Fernet(Fernet.generate_key())",
        'def login(ann):\n    ann.login("ann", "tulip-44-rain")',
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at pairs of user and password, at arguments by position, and at texts that name a database."""
        auth = argument(node, "auth")
        if isinstance(auth, cst.Tuple) and len(auth.elements) == 2:
            self._check(auth.elements[1].value, "password")
        word = last_name(node.func)
        if not node.args or (word not in _WORDS and word != "connect"):
            return
        name = self.qualified_name(node.func) or ""
        at = _POSITIONS.get(name)
        if at is not None and (given := argument(node, "", at)) is not None:
            self._check(resolve(given, self.scope), "secret_key" if at == 0 else "password")
            self._check_key(node, name, resolve(given, self.scope))
        dsn = string_value(node.args[0].value) if name.startswith(("psycopg", "pyodbc.", "asyncpg.")) else None
        if found := _IN_DSN.search(dsn or ""):
            self._judge(node.args[0].value, "password", found.group(1))

    def _check_key(self, call: cst.Call, name: str, node: cst.BaseExpression) -> None:
        """A cipher's key that is a literal of one of the lengths keys have, words or not."""
        text = node.evaluated_value if isinstance(node, cst.SimpleString) else None
        if isinstance(text, bytes) and ".AES" in name and len(text) in _AES_KEY_BYTES:
            told = text.decode("latin-1")
            if not is_credential("secret_key", told):
                self.report(call, secret=told)

    def _check(self, node: cst.BaseExpression, name: str) -> None:
        if isinstance(node, cst.SimpleString | cst.ConcatenatedString):
            value = node.evaluated_value
            self._judge(node, name, value.decode("latin-1") if isinstance(value, bytes) else value or "")

    def _judge(self, node: cst.BaseExpression, name: str, text: str) -> None:
        if is_credential(name, text):
            self.report(node, secret=text, confidence="high" if is_mixed(text) and len(text) >= 8 else "medium")
