"""Credentials in addresses and signed tokens."""

import base64
import binascii
import json
import re
from urllib.parse import unquote

from analyzers.credential import is_mixed
from analyzers.detector import Detector
from analyzers.finding import Confidence

_WORDS = frozenset({"password", "pass", "passwd", "pwd", "secret", "token", "user", "username", "test", "root", "admin",
                    "postgres", "guest", "foo", "bar", "p", "pw", "hunter2",
                    "passwort", "kennwort", "contraseña", "contrasena", "senha", "mot_de_passe", "wachtwoord", "geslo", "hasło", "пароль",
                    "密码", "パスワード", "비밀번호"})  # fmt: skip
_WORD_LENGTH_MIN = 8
"""A shorter word is what documentation writes there."""
_OWN_MACHINE = re.compile(r"(localhost|127\.0\.0\.1|\[::1\]|(some[-_]?|my[-_]?|your[-_]?|db[-_]?)?host(name)?|server|"
    r"example\.\w+|[\w.-]*\.(example|test|invalid|local))(?![\w.])")


def _userinfo(match: re.Match[str]) -> Confidence | None:
    secret, host = unquote(match["secret"]), match["host"]
    if secret.lower() in _WORDS or secret == match["user"] or _OWN_MACHINE.match(host):
        return None
    if "".join(secret.split()).isalpha() and len(secret.replace(" ", "")) < _WORD_LENGTH_MIN:
        return None
    return "high" if is_mixed(secret) else "medium"


def _signed(match: re.Match[str]) -> Confidence | None:
    head = match["secret"].split(".")[0]
    try:
        header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (ValueError, binascii.Error):
        return None
    return "medium" if isinstance(header, dict) and header.get("alg", "none") != "none" else None


def _encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


_JWT = f"{_encoded({'alg': 'HS256', 'typ': 'JWT'})}.{_encoded({'sub': '1234567890'})}.k3Tz9QpXv7LmW2rB8sYdN4hJ"

DETECTORS = (
    Detector(
        name="url-password",
        title="A password in an address",
        pattern=re.compile(
            r"\b[a-z][a-z0-9+.-]{1,20}://(?P<user>[^\s:/@\"'<>{}$]{0,80}):(?P<secret>[^\s:/\"'<>{}$]{3,120})@"
            r"(?P<host>[A-Za-z0-9.\[\]:-]{2,200}|(?=/\w))",
            re.IGNORECASE,
        ),
        words=("://",),
        source="https://www.rfc-editor.org/rfc/rfc3986#section-3.2.1",
        flagged=("postgresql://ann:" + "tulip44rain@db.internal.corp/app", "https://ann:" + "s3same0pen@git.acme.io/x"),
        near_misses=(
            "postgresql://user:password@db.internal.corp/app",
            "https://{user}:{password}@git.acme.io",
            "redis://ann:" + "tulip44rain@localhost:6379",
            "https://jo%40mail.net:a%20secret@www.mail.net",
            "https://git.acme.io:8443/ann@home",
        ),
        grade=_userinfo,
        cwe=522,
    ),
    Detector(
        name="json-web-token",
        title="A signed token (JWT)",
        pattern=re.compile(
            r"(?<![A-Za-z0-9_-])(?P<secret>eyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{20,1000})"
        ),
        words=("eyj",),
        source="https://www.rfc-editor.org/rfc/rfc7519",
        flagged=(f'"Authorization": "Bearer {_JWT}"',),
        near_misses=("eyJhbGciOi.eyJub3QgYSB0b2tlbg.signature", "eyJ" + "x" * 30),
        grade=_signed,
        severity="medium",
        prior=0.6,
    ),
    Detector(
        name="cvs-password",
        title="A password in the root of a CVS repository",
        pattern=re.compile(r":(?:pserver|kserver|ext):(?P<user>[^\s:@\"']{1,60}):(?P<secret>[^\s:/\"']{3,80})@(?P<host>[\w.-]{2,200}):"),
        words=(":pserver:", ":kserver:", ":ext:"),
        source="https://www.gnu.org/software/trans-coord/manual/cvs/html_node/Password-authentication-client.html",
        flagged=("setenv CVSROOT :pserver:ann:tulip44rain@cvs.acme.io:/var/cvs",),
        near_misses=(":pserver:anonymous@cvs.acme.io:/var/cvs", ":pserver:user:password@cvs.acme.io:/var/cvs"),
        grade=_userinfo,
        cwe=522,
        nested=False,
    ),
    Detector(
        name="driver-password",
        title="A password in an address of Go's MySQL driver",
        pattern=re.compile(
            r"[\"'`](?P<user>[^\s:/@\"'`<>{}$]{1,80}):(?P<secret>[^\s:/@\"'`<>{}$]{3,120})@(?:tcp|unix)\((?P<host>[^()\s\"'`]{1,200})\)"
        ),
        words=("@tcp(", "@unix("),
        source="https://github.com/go-sql-driver/mysql#dsn-data-source-name",
        flagged=('dsn := "shop:tulip44rain@tcp(db.acme.io:3306)/shop"',),
        near_misses=('"user:password@tcp(db.acme.io)/x"', '"root:tulip44rain@tcp(127.0.0.1:3306)/x"', '"%s:%s@tcp(%s)/x"'),
        grade=_userinfo,
        cwe=522,
    ),
)
