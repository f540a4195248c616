"""Passwords, keys and tokens written into the source."""

import libcst as cst

from analyzers.credential import is_credential, is_example, is_filler, is_mixed
from analyzers.finding import Confidence
from analyzers.rule import Rule
from analyzers.syntax import string_value

_FALLBACKS = frozenset({"os.environ.get", "os.getenv", "os.environ.setdefault"})
_FOR_EVERYBODY = frozenset({"guest", "anonymous", "anonymous@", "258eafa5-e914-47da-95ca-c5ab0dc85b11"})
"""What servers that are open to all ask for (RFC 1635), and the number of every WebSocket (RFC 6455): no secrets."""


class HardcodedCredential(Rule):
    """A credential is written in the source, where everyone who can read the code has it.

    It stays in the history, in every clone and every built package after it is deleted, and it cannot be changed
    without a release. What says of itself that it is made up (`test`, `admin`) is medium, and so are
    mere words in tests and examples.

    Fix: take it from the environment or a secret store, and change the one that was written here.
    """

    severity = "high"
    confidence = "medium"
    cwe = 798
    prior = 0.8
    references = ("https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html",)
    invalid = (
        'password = "hunter2-plum"',
        'DB_PASSWORD: str = "tulip-44-rain"',
        'class A:\n    api_key = "k3yForTheLittleDoor"',
        'def f():\n    self.secret_key = "s3same0pen"',
        'config = {"user": "ann", "password": "tulip-44-rain"}',
        'app.config["SECRET_KEY"] = "s3same0pen"',
        'connect(user="ann", password="tulip-44-rain")',
        'def connect(password="tulip-44-rain"): ...',
        'def f(password):\n    return password == "tulip-44-rain"',
        'import os\nSECRET_KEY = os.environ.get("SECRET_KEY", "s3same0pen")',
        'AWS_SECRET_ACCESS_KEY = "not/A/real+key1"',
        'token = "a1b2c3d4e5f6a7b8c9d0"',
        'password = b"tulip-44-rain"',
    )
    valid = (
        'import os\npassword = os.environ["DB_PASSWORD"]',
        'password = ""',
        "password = None",
        'password = "password"',
        'PASSWORD_FIELD = "user_password"',
        'password = getpass("Password: ")',
        'api_key = "<your api key>"',
        'api_key = "${API_KEY}"',
        'SECRET_KEY_ENV = "APP_SECRET_KEY"',
        'secret_key = "APP_SECRET_KEY"',
        'password_help = "at least twelve characters"',
        'labels = {"password": "Enter your password"}',
        'token_type = "bearer"',
        'token = "id_token"',
        'token = "next"',
        "connect(password=settings.password)",
        'def f(password):\n    return password == ""',
        'PUBLIC_KEY = "ssh-ed25519 AAAA"',
        'password = "***"',
        'import os\nkey = os.environ.get("SECRET_KEY", "")',
        'secret = "x-hub-signature"',
        'tokenizer.token = "<s>"',
        'FTP_PASSWORD = "guest"',
        'WS_KEY = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"',
        'cache_key = "front-page-7"',
        'ACCESS_KEY = "aws_access_key_id"',
        'SECRET_KEY = "AWSSecretKey"',
        'SESSION_AUTH = "AWS::S3::DisableS3ExpressSessionAuth"',
    )  # fmt: skip

    def visit_Assign(self, node: cst.Assign) -> None:
        """Looks at what a credential's name is given."""
        for target in node.targets:
            self._check(_target_name(target.target), node.value)

    def visit_AnnAssign(self, node: cst.AnnAssign) -> None:
        """The same with a type."""
        self._check(_target_name(node.target), node.value)

    def visit_DictElement(self, node: cst.DictElement) -> None:
        """Looks at entries of a dictionary."""
        self._check(string_value(node.key), node.value)

    def visit_Param(self, node: cst.Param) -> None:
        """Looks at defaults."""
        self._check(node.name.value, node.default)

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at keywords, and at what stands in for a missing environment variable."""
        for arg in node.args:
            if arg.keyword is not None:
                self._check(arg.keyword.value, arg.value)
        if len(node.args) == 2 and self.qualified_name(node.func) in _FALLBACKS:  # a name and its default
            self._check(string_value(node.args[0].value), node.args[1].value)

    def visit_Comparison(self, node: cst.Comparison) -> None:
        """Looks at what a credential is compared with."""
        if len(node.comparisons) == 1 and isinstance(node.comparisons[0].operator, cst.Equal | cst.NotEqual):
            self._check(_target_name(node.left), node.comparisons[0].comparator)

    def _check(self, name: str | None, value: cst.BaseExpression | None) -> None:
        if name is None or value is None:
            return
        text = _text(value)
        if text is not None and is_credential(name, text):
            if text.lower() in _FOR_EVERYBODY:
                return
            told = f"A credential is written in the source as `{name[:60]}`; everyone who can read the code has it."
            doubtful = is_filler(text) or (is_example(self.context.path) and not is_mixed(text))
            self.report(value, told, secret=text, confidence=_confidence(text), severity="medium" if doubtful else None)


def _confidence(value: str) -> Confidence:
    return "high" if is_mixed(value) and len(value) >= 8 else "medium"


def _text(node: cst.BaseExpression) -> str | None:
    if isinstance(node, cst.SimpleString | cst.ConcatenatedString):
        value = node.evaluated_value
        return value.decode("latin-1") if isinstance(value, bytes) else value
    return None


def _target_name(node: cst.CSTNode) -> str | None:
    match node:
        case cst.Name(value=str(name)) | cst.Attribute(attr=cst.Name(value=str(name))):
            return name
        case cst.Subscript(slice=[cst.SubscriptElement(slice=cst.Index(value=key))]):
            return string_value(key)
    return None
