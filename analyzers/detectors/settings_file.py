"""Credentials in settings of every format, by the name they are given there; files of a vendor's own form."""

import re
from collections.abc import Iterator

from analyzers.credential import grade, is_example
from analyzers.detector import Detector, Sighting
from analyzers.setting import VALUE_CHARACTERS_MAX, all_readers

_WORDS = ("pass", "pwd", "pw", "secret", "key", "token", "credential", "auth", "salt", "dsn", "cookie", "pat", "otp", "mnemonic", "psk")


def _read(text: str, path: str) -> Iterator[Sighting]:
    seen: set[int] = set()
    for reader in all_readers():
        if not reader.covers(path):
            continue
        doubtful = reader.is_prose(path) or is_example(path)
        for one in reader.read(text):
            if one.start in seen or len(one.value) > VALUE_CHARACTERS_MAX:
                continue
            confidence = grade(one.name, one.value, doubtful=doubtful)
            if confidence is not None:
                seen.add(one.start)
                yield Sighting(one.value, one.start, one.end, confidence)


DETECTORS = (
    Detector(
        name="settings-credential",
        title="A credential in a setting",
        pattern=None,
        read=_read,
        words=_WORDS,
        source="https://12factor.net/config",
        flagged=("DB_PASSWORD=tulip-44-rain", "OPENWEATHER_KEY=9f8e7d6c5b4a39281706f5e4d3c2b1a0", "requirepass tulip-44-rain",
                 "db:\n  password: s3same0pen\n", 'api_key = "k3yForTheLittleDoor"'),
        near_misses=(
            "DB_PASSWORD=${DB_PASSWORD}",
            "password:",
            "password: {{ vault.password }}",
            "password_policy: strict",
            "secret_name: billing-db",
            "api_key: <your api key>",
            "secretKeyRef: billing",
            "tokens_per_minute: 4000",
            "password: changeme123",
            "token: your-token-goes-here-1",
            "SECRET_KEY=test-secret-key-1",
            "csrf_token: k3Tz9QpXv7LmW2rB8sYdN4hJ",
            "private_key_id: 9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c",
            "checksum/secret: 9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c",
            "SENTRY_DSN=https://9f8e7d6c5b4a39281706f5e4d3c2b1a0@o1.ingest.sentry.io/1",
            "CACHE_KEY=9f8e7d6c5b4a39281706f5e4d3c2b1a0",
            "row_key: 9f8e7d6c5b4a39281706f5e4d3c2b1a0",
        ),
        prior=0.7,
    ),
    Detector(
        name="netrc-password",
        title="A password in a .netrc file",
        pattern=re.compile(r"\bmachine\s+\S{1,200}\s+login\s+\S{1,200}(?:\s+(?:port|account)\s+\S{1,80}){0,2}\s+password\s+(?P<secret>\S{4,200})"),
        words=("machine",),
        source="https://www.gnu.org/software/inetutils/manual/html_node/The-_002enetrc-file.html",
        flagged=("machine git.acme.io login ann password tulip-44-rain", "machine a.acme.io login ann port 587 password tulip-44-rain"),
        near_misses=("machine git.acme.io login ann password <password>", "machine learning"),
    ),
    Detector(
        name="pgpass-password",
        title="A password in a .pgpass file",
        pattern=re.compile(r"^[^:#\n]{1,200}:(?:\d{1,5}|\*):[^:\n]{0,200}:[^:\n]{0,200}:(?P<secret>[^:\n]{4,200})$", re.MULTILINE),
        words=(":",),
        source="https://www.postgresql.org/docs/current/libpq-pgpass.html",
        flagged=("db.acme.io:5432:app:ann:tulip-44-rain",),
        near_misses=("# host:5432:db:user:password is the form", "a:b:c"),
        files=(".pgpass", "pgpass.conf", "pgpass"),
    ),
)
