"""Credentials as arguments whose place tells what they are, and as what stands in for a missing setting."""

import re
from collections.abc import Iterator

from analyzers.credential import grade, is_example, is_filler, is_plausible
from analyzers.detector import Detector, Sighting
from analyzers.rarity import is_generated

_LITERAL = r"b?[\"'](?P<secret>[^\"'\n\\]{4,200})[\"']"
_LAST = re.compile(
    r"(?:\b(?:mysqli(?:_connect)?|PDO|getConnection)\(\s{0,4}[^,()\n]{1,200},\s{0,4}[^,()\n]{1,80},|"
    r"\b(?:SetBasicAuth|NetworkCredential|UsernamePasswordCredentials?|HTTPBasicAuth|HTTPDigestAuth|PasswordAuthentication|basicAuth|"
    rf"basic_auth|BasicAuth|login|\.auth)(?:\(\s{{0,4}}|[ \t]+)[\"'][^\"'\n]{{1,80}}[\"'],|"
    r"\b(?:smtp\.PlainAuth|ftp_login|ssh2_auth_password|ldap_bind|imap_open|FTP\.(?:open|new))\(\s{0,4}[^,()\n]{1,80},\s{0,4}[^,()\n]{1,80},|"
    r"\.connect\(\s{0,4}[\"'][^\"'\n]{1,80}[\"'],\s{0,4}\d{1,5},\s{0,4}[\"'][^\"'\n]{1,80}[\"'],|"
    r"(?:\bCredentials\(\s{0,4}[\"'][^\"'\n]{1,80}[\"'],|\bDBI->connect\(|\btransport\.connect\()\s{0,4}[\"'][^\"'\n]{1,120}[\"'],"
    r"\s{0,4}[\"'][^\"'\n]{1,80}[\"'],|"
    r"\b(?:omniauth|provider)\s+:\w{1,40},\s{0,4}[\"'][^\"'\n]{6,100}[\"'],|"
    rf"\bauth\s?=\s?\(\s{{0,4}}[\"'][^\"'\n]{{1,80}}[\"'],)\s{{0,4}}{_LITERAL}"
)
_FALLBACK = re.compile(
    r"(?:\benviron(?:\.get)?|\bgetenv|\bprocess\.env|\bENV(?:\.fetch)?|\benv)[.\[(]{1,2}[\"']?(?P<name>[A-Za-z_]\w{2,60})[\"']?[\])]{0,2}"
    rf"\s{{0,4}}(?:,|\bor\b|\|\||\?\?|\?:)\s{{0,4}}{_LITERAL}"
)
_CIPHER = re.compile(
    rf"(?:\b(?:AES|DES3?|ChaCha20\w{{0,12}}|ARC4|ARC2|Blowfish|Fernet|SecretBox|HS256Key)(?:\.new)?\(\s{{0,4}}{_LITERAL}|"
    r"\bkey\w{0,20}\s?=\s?(?:bytes|bytearray)\.fromhex\(\s{0,4}[\"'](?P<hex>[0-9a-fA-F]{32,128})[\"']|"
    r"\bkey\w{0,20}\s?=\s?[\"'](?P<text>[^\"'\n\\]{16,128})[\"']\.(?:getBytes|encode|toByteArray|to_bytes)\b|"
    r"\bkey\w{0,20}\s?=\s?[\w.]{0,40}\bGetBytes\(\s{0,4}[\"'](?P<bytes>[^\"'\n\\]{16,128})[\"']\)|"
    r"\bjwt\.(?:encode|decode|sign|verify)\(\s{0,4}[^,\n]{1,120},\s{0,4}b?[\"'](?P<jwt>[^\"'\n\\]{6,200})[\"'])"
)
_ALIASES = ("secret", "hex", "text", "bytes", "jwt")


def _placed(text: str, path: str) -> Iterator[Sighting]:
    for match in _LAST.finditer(text):
        confidence = grade("password", match["secret"], doubtful=is_example(path))
        if confidence is not None:
            yield Sighting(match["secret"], *match.span("secret"), confidence)


def _fallback(text: str, path: str) -> Iterator[Sighting]:
    for match in _FALLBACK.finditer(text):
        confidence = grade(match["name"], match["secret"], doubtful=is_example(path))
        if confidence is not None:
            yield Sighting(match["secret"], *match.span("secret"), confidence)


def _cipher(text: str, path: str) -> Iterator[Sighting]:
    for match in _CIPHER.finditer(text):
        group = next(name for name in _ALIASES if match[name])
        key = match[group]
        if not is_plausible(key) or is_filler(key) or (is_example(path) and not is_generated(key)) or not any(c.isdigit() for c in key):
            continue
        yield Sighting(key, *match.span(group), "high" if is_generated(key) else "medium")


_CODE = (".py", ".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".java", ".kt", ".scala", ".groovy", ".go", ".rb", ".php", ".cs", ".vb",
         ".fs", ".swift", ".ipynb", ".ex", ".pl", ".pm", ".lua", ".rs", ".c", ".cpp", ".cc", ".r", ".jl", ".dart",
         ".sbt", ".clj", ".bas", ".vbs")  # fmt: skip
_SAMPLE = "tulip-44-rain"

DETECTORS = (
    Detector(
        name="password-argument",
        title="A password given to a call",
        pattern=None,
        read=_placed,
        words=("mysqli", "pdo(", "getconnection(", "basicauth", "basic_auth", "networkcredential", "credential", "httpdigestauth",
               "passwordauthentication", "login(", "auth=(", "auth = (", "plainauth", "ftp_login", "ldap_bind", "imap_open",
               "ftp.open", "ftp.new", ".connect(", "omniauth", "provider :", ".auth(", "credentials(", "dbi->connect("),
        source="https://cwe.mitre.org/data/definitions/798.html",
        flagged=(f'new mysqli("db", "shop", "{_SAMPLE}")',
                 f'smtp.login("ann@acme.io", "{_SAMPLE}")', f'get(url, auth=("ann", "{_SAMPLE}"))',
                 f'DBI->connect("DBI:mysql:x", "shop", "{_SAMPLE}")', f'Credentials("Nexus", "nexus.acme.io", "ci", "{_SAMPLE}")',
                 f'smtp.PlainAuth("", "ann", "{_SAMPLE}", "smtp.acme.io")', f'ftp_login($ftp, "web", "{_SAMPLE}")',
                 f'ssh.connect("web1", 22, "root", "{_SAMPLE}")', f"request.basic_auth 'ann', '{_SAMPLE}'",
                 f'DriverManager.getConnection("jdbc:mysql://db/x", "shop", "{_SAMPLE}")', f'req.SetBasicAuth("ann", "{_SAMPLE}")'),
        near_misses=('smtp.login("user", "password")', "smtp.login(user, password)",
                     'auth=("user", "pass")', 'login("ann", "next")'),
        files=_CODE,
        prior=0.7,
        nested=False,
    ),
    Detector(
        name="environment-default",
        title="A credential that stands in for a missing setting",
        pattern=None,
        read=_fallback,
        words=("env",),
        source="https://12factor.net/config",
        flagged=(f'x = os.environ.get("DB_PASSWORD", "{_SAMPLE}")', f"const p = process.env.DB_PASSWORD || '{_SAMPLE}'",
                 f'p = os.getenv("DB_PASS") or "{_SAMPLE}"', f"ENV['DB_PASSWORD'] || '{_SAMPLE}'"),
        near_misses=('os.environ.get("DB_HOST", "db-1.internal-7")',
                     'os.getenv("DB_PASSWORD", "")', "process.env.DB_PASSWORD || 'changeme'"),
        files=_CODE,
        prior=0.7,
        nested=False,
    ),
    Detector(
        name="cipher-key",
        title="The key of a cipher or signature",
        pattern=None,
        read=_cipher,
        words=("aes", "des", "chacha", "arc4", "blowfish", "fernet", "secretbox", "fromhex", "getbytes", "encode", "jwt."),
        source="https://cwe.mitre.org/data/definitions/321.html",
        flagged=('AES.new(b"k3Tz9QpXv7LmW2rB8sYdN4hJ")', 'key = bytes.fromhex("9f8e7d6c5b4a39281706f5e4d3c2b1a0")',
                 'var key = Encoding.ASCII.GetBytes("k3Tz9QpXv7LmW2rB8sYdN4hJ");',
                 'byte[] key = "k3Tz9QpXv7LmW2rB8sYdN4hJ".getBytes();', f'jwt.encode(claims, "{_SAMPLE}", algorithm="HS256")'),
        near_misses=("AES.new(key)",
                     'jwt.encode(claims, "secret")', 'key = "user-profile-of-tenant".encode()', 'key = bytes.fromhex("00")'),
        files=_CODE,
        cwe=321,
        prior=0.7,
        nested=False,
    ),
)  # fmt: skip
