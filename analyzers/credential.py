"""Telling credentials from placeholders, labels and names, by a variable's name and its value."""

import math
import re
from collections import Counter

_NAME = re.compile(
    r"(^|_)(password|passwd|pwd|passphrase|secret|secret_?key|api_?key|apikey|access_?key|auth_?key|private_?key|"
    r"signing_?key|encryption_?key|jwt_?key|(auth|access|api|bearer|bot|refresh|secret|session)_?token|"
    r"credentials?|client_?secret|secret_access_key|connection_?string)(_?\d+|_(value|default|prod|dev|test|str|text))?$"
)
_BARE_TOKEN = re.compile(r"(^|_)(token|pass|auth)$")
_NOT_A_SECRET = re.compile(
    r"^$|^[<\[{(%$].*[>\]})%]?$|^(x+|\*+|\.+|-+|_+|0+|1+)$|\s|^(none|null|true|false|yes|no|unset|unknown|redacted|masked|"
    r"hidden|default|disabled|optional|required|prompt|ask|env|keyring|vault|string|text|str|bytes|basic|bearer|digest)$|"
    r"^(your|my|some|the|a|insert|enter|replace|change)[-_ ]?(own|me|this|your)?[-_]?(api|secret|access|auth)?[-_]?"
    r"(password|secret|token|key|here)?$|^(todo|fixme|placeholder|dummy|example|sample)$|^https?://[^@]*$|^/|"
    r"^[Xx]-[A-Za-z-]+$|^[a-z_]+\.[a-z_.]+$",
    re.IGNORECASE,
)
_ENVIRONMENT_NAME = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")
_WORDS = re.compile(r"[a-z]+")
_SECRET_WORDS = frozenset(
    {"password", "passwd", "pwd", "passphrase", "secret", "key", "api", "apikey", "token", "access", "auth", "private",
     "client", "credential", "credentials", "csrf", "id", "user", "new", "old", "confirm", "current", "pass", "bearer",
     "hash", "field", "input", "name", "reset", "refresh", "jwt", "db", "database", "login", "username", "session",
     "the", "is", "my", "your", "app", "admin", "basic", "signing"}
)  # fmt: skip
_REFERENCE = re.compile(r"\$\{|\$\(|\{\{|%\(|\$[A-Za-z_]|^%[a-z]|\{[a-z_.]*\}|^!|^ENC\[")
_SAMPLE = re.compile(r"example|x{6,}|\*{3,}|\.\.\.|placeholder|changeme|your[-_]|<[a-z]", re.IGNORECASE)
_LENGTH_MIN = 4
_TOKEN_LENGTH_MIN = 12

def is_credential(name: str, value: str) -> bool:
    """Whether a value with this name looks like a real credential, not a placeholder, a label or another name."""
    flat = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().replace("-", "_")
    named = bool(_NAME.search(flat))
    if not named and not (_BARE_TOKEN.search(flat) and len(value) >= _TOKEN_LENGTH_MIN and is_mixed(value)):
        return False
    if len(value) < _LENGTH_MIN or flat.startswith(("public", "test_public", "no_", "invalid_", "wrong_")):
        return False
    if _ENVIRONMENT_NAME.fullmatch(value) or _NOT_A_SECRET.search(value):
        return False
    words = _WORDS.findall(value.lower())
    return not (set(words) <= _SECRET_WORDS and not any(c.isdigit() for c in value))


def is_mixed(value: str) -> bool:
    """Whether a text has both letters and digits, as made-up credentials do and words do not."""
    return any(c.isdigit() for c in value) and any(c.isalpha() for c in value)


def is_plausible(value: str) -> bool:
    """Whether a value without a telling name could be a secret: no placeholder, no reference to something else."""
    if len(value) < _LENGTH_MIN or _NOT_A_SECRET.search(value) or _ENVIRONMENT_NAME.fullmatch(value):
        return False
    return not _REFERENCE.search(value) and not _SAMPLE.search(value)


def entropy(text: str) -> float:
    """Shannon's entropy in bits for each character: about 3 for words, above 4 for what a generator made."""
    counts = Counter(text).values()
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts)
