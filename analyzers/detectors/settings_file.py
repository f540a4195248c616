"""Credentials in configuration files, by the name they are given there."""

import re

from analyzers.credential import is_credential, is_mixed
from analyzers.detector import Detector
from analyzers.finding import Confidence


def _named(match: re.Match[str]) -> Confidence | None:
    name = re.split(r"[./]", match["name"])[-1]
    if not is_credential(name, match["secret"]):
        return None
    return "high" if is_mixed(match["secret"]) else "medium"


DETECTORS = (
    Detector(
        name="settings-credential",
        title="A credential in a settings file",
        pattern=re.compile(
            r"^[ \t]*(?:export[ \t]+|set[ \t]+|-[ \t]+)?[\"']?(?P<name>[A-Za-z_][\w./-]{2,80})[\"']?[ \t]*[:=][ \t]*"
            r"[\"']?(?P<secret>[^\s\"'#,;]{4,200})[\"']?[ \t]*,?[ \t]*(?:[#;].*)?$",
            re.MULTILINE,
        ),
        words=("pass", "pwd", "secret", "key", "token", "credential"),
        source="https://12factor.net/config",
        flagged=("DB_PASSWORD=tulip-44-rain", "db:\n  password: s3same0pen\n", 'api_key = "k3yForTheLittleDoor"'),
        near_misses=(
            "DB_PASSWORD=${DB_PASSWORD}",
            "password:",
            "password: {{ vault.password }}",
            "password_policy: strict",
            "secret_name: billing-db",
            "api_key: <your api key>",
            "secretKeyRef: billing",
            "tokens_per_minute: 4000",
        ),
        grade=_named,
        files=(".env", ".ini", ".cfg", ".conf", ".yml", ".yaml", ".toml", ".properties", ".json", ".envrc", ".sh", ".tfvars"),
        prior=0.7,
    ),
    Detector(
        name="netrc-password",
        title="A password in a .netrc file",
        pattern=re.compile(r"\bmachine\s+\S+\s+login\s+\S+\s+password\s+(?P<secret>\S{4,200})"),
        words=("machine",),
        source="https://www.gnu.org/software/inetutils/manual/html_node/The-_002enetrc-file.html",
        flagged=("machine git.acme.io login ann password tulip-44-rain",),
        near_misses=("machine git.acme.io login ann password <password>", "machine learning"),
        files=(".netrc", "_netrc", "netrc"),
    ),
    Detector(
        name="pgpass-password",
        title="A password in a .pgpass file",
        pattern=re.compile(r"^[^:#\n]+:(?:\d+|\*):[^:\n]*:[^:\n]*:(?P<secret>[^:\n]{4,200})$", re.MULTILINE),
        words=(":",),
        source="https://www.postgresql.org/docs/current/libpq-pgpass.html",
        flagged=("db.acme.io:5432:app:ann:tulip-44-rain",),
        near_misses=("# host:5432:db:user:password is the form", "a:b:c"),
        files=(".pgpass", "pgpass.conf"),
    ),
)
