"""Telling credentials from placeholders, labels and names, by a variable's name and its value."""

import re
from pathlib import PurePosixPath

from analyzers.finding import Confidence
from analyzers.rarity import entropy, is_generated, surprise

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
    r"^[Xx]-[A-Za-z-]+$|^AAAA[BCE][23]|^[a-z]\w*(::[a-z]\w*)+$",
    re.IGNORECASE,
)
_DOTTED = re.compile(r"[A-Za-z_]+\.[A-Za-z_.]+")
"""An attribute, a class in its package or the key of a text, as code and settings name them."""
_TWO_NAMES = re.compile(r"[A-Z][a-z]{2,}\.[a-z]{3,}")
"""`Carla.summer`: two names, as people join them to a password; a class's attribute that holds one is called so."""
_PUBLISHED = re.compile(r"pk_(live|test)_|pk\.eyJ|phc_[A-Za-z0-9]{20}")
"""Keys that their vendors have web pages show: Stripe's, Mapbox's, PostHog's."""
_ENVIRONMENT_NAME = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")
_WORDS = re.compile(r"[a-z]+")
_SECRET_WORDS = frozenset(
    {"password", "passwd", "pwd", "passphrase", "secret", "key", "api", "apikey", "token", "access", "auth", "private",
     "client", "credential", "credentials", "csrf", "id", "user", "new", "old", "confirm", "current", "pass", "bearer",
     "hash", "field", "input", "name", "reset", "refresh", "jwt", "db", "database", "login", "username", "session",
     "the", "is", "my", "your", "app", "admin", "basic", "signing"}
)  # fmt: skip
_LABEL_WORDS = frozenset({"password", "passwords", "passwd", "passphrase", "secret", "secrets", "token", "auth", "credential",
                          "credentials", "encrypted", "unencrypted", "apikey"})  # fmt: skip
_CLASS_NAME = re.compile(r"(?:V\d+)?(?:[A-Z][a-z]+){2,}")
"""`V1SecretVolumeSource` is what a class is called."""
_WORDY_LENGTH_MIN = 8
_REFERENCE = re.compile(r"\$\{|\$\(|\{\{|%\(|\$[A-Za-z_]|^%[a-z]|\{[a-z_.]*\}|^!|^ENC\[")
_SAMPLE = re.compile(r"example|x{6,}|\*{3,}|\.\.\.|placeholder|changeme|your[-_]|<[a-z]", re.IGNORECASE)
_LENGTH_MIN = 4
_TOKEN_LENGTH_MIN = 12

def is_credential(name: str, value: str) -> bool:
    """Whether a value with this name looks like a real credential, not a placeholder, a label or another name."""
    said = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().replace("-", "_")
    named = bool(_NAME.search(said)) or _is_other_key(name, said, value)
    if not named and not (_BARE_TOKEN.search(said) and len(value) >= _TOKEN_LENGTH_MIN and is_mixed(value)):
        return False
    if named and not _NOT_NAMED.search(said) and is_soup(value):
        return True
    if len(value) < _LENGTH_MIN or said.startswith(("public", "test_public", "no_", "invalid_", "wrong_")):
        return False
    if _NOT_NAMED.search(said) or _ENVIRONMENT_NAME.fullmatch(value) or _is_no_secret(value) or is_filler(value):
        return False
    if _REFERENCE.search(value) or "://" in value or value.startswith(".") or _CLASS_NAME.fullmatch(value):
        return False  # a template, an address (whose password has a rule of its own) or code
    if any(c.isdigit() for c in value):
        return True
    words = set(_WORDS.findall(value.lower()))
    if _WORDY.fullmatch(value) and (len(value) < _WORDY_LENGTH_MIN or words & _LABEL_WORDS):
        return False
    return not words <= _SECRET_WORDS and not _is_name_of(said, value)


def _is_name_of(said: str, value: str) -> bool:
    """Whether the value says what it is called elsewhere: `AWSAccessKeyId` for `ACCESS_KEY`."""
    name, words = said.split("_"), flat(value).split("_")
    return len(name) > 1 and len(words) <= 4 and value.isidentifier() and set(name) <= set(words)


def is_mixed(value: str) -> bool:
    """Whether a text has both letters and digits, as made-up credentials do and words do not."""
    return any(c.isdigit() for c in value) and any(c.isalpha() for c in value)


def is_plausible(value: str) -> bool:
    """Whether a value without a telling name could be a secret: no placeholder, no reference to something else."""
    if len(value) < _LENGTH_MIN or _is_no_secret(value) or _ENVIRONMENT_NAME.fullmatch(value):
        return False
    return not _REFERENCE.search(value) and not _SAMPLE.search(value)


def _is_no_secret(value: str) -> bool:
    """Whether it is a placeholder, a label or a path (base64 may begin with a slash too), or sealed for a cluster."""
    generated = value.startswith("/") and "." not in value and is_generated(value)
    if _SEALED.match(value) or _PUBLISHED.match(value):
        return True
    return bool(_NOT_A_SECRET.search(value) or _is_attribute(value)) and not generated


def _is_attribute(value: str) -> bool:
    if not _DOTTED.fullmatch(value):
        return False
    return not _TWO_NAMES.fullmatch(value) or bool(set(value.lower().split(".")) & (_SECRET_WORDS | _LABEL_WORDS | _CODE_WORDS))


_CODE_WORDS = frozenset({"settings", "config", "options", "props", "state", "value", "model", "models", "field", "fields", "types",
                         "string", "object", "label", "labels", "messages", "message", "text", "title", "errors", "error", "form",
                         "request", "response", "data", "self", "this", "class", "type", "enum", "view", "account", "com", "org", "net",
                         "html", "json", "xml", "txt", "csv", "yaml", "yml", "pem", "key", "properties", "svg", "png", "css"})  # fmt: skip
_SOUP = re.compile(r"[!@#$%^&*()=+\[\]{}~,;:?|<>./-]")
_GRAMMAR = re.compile(r"\\|\(\?|\.\*|\[a-z\d]-|://|\$\{|\{\{|%\(|=>|->|::|&&|\|\||\w{3}\(\w*\)|\w\.\w{3,}\.\w|[({]\w{3,}[)}]|\w{12}")
_SOUP_LENGTH_MIN, _SOUP_SIGNS_MIN, _SOUP_ENTROPY_MIN = 32, 5, 4.2


def is_soup(value: str) -> bool:
    """Whether a long text mixes letters, digits and many other signs as only a generator does: Django's keys, WordPress' salts."""
    if len(value) < _SOUP_LENGTH_MIN or any(c.isspace() for c in value) or not is_mixed(value):
        return False
    return len(set(_SOUP.findall(value))) >= _SOUP_SIGNS_MIN and entropy(value) >= _SOUP_ENTROPY_MIN and not _GRAMMAR.search(value)


_SEALED = re.compile(r"Ag[A-D][A-Za-z0-9+/]{150}")
"""What kubeseal writes: two bytes with the length of an RSA block, 512, and the block."""
_STRONG = re.compile(
    r"(^|_)(requirepass|masterauth|bindpw|rootpw|psk|become_pass|clear_text|preshared_?key)$|"
    r"(?<!by)(?<!com)(?<!tres)(?<!sur)(?<!render)(?<!low)(?<!high)(?<!band)(?<!multi)(?<!single)[a-z]pass$|[a-z]pwd$|"
    r"(password|passwd|passphrase|passwort|contrasena)(_?(hash|value|default|prod|dev|text|\d+))?$|"
    r"(^|_)(db|my|pg|ftp|root|admin|user|smtp|mail|ssh)_?"
    r"(pass|pwd|pw)$|(^|_)(pwd|pw|pass)$"
)
_KEYED = re.compile(
    r"(^|_)(secret|secrets|token|auth|credentials?|salt|pepper|signature|dsn|cookie|pat|otp|totp|mnemonic|nonce_key)"
    r"(_(base|key|value|id|hash|text|prod|dev|\d+))?$|(^|_)auth_ident$|(^|_)(validation|decryption|fernet|api|app|access|account|auth|signing|encryption|private|shared|master|license|"
    r"consumer|client|storage|service|session|cookie|jwt|hmac|aes|crypt|webhook|deploy|integration|write|admin|subscription|primary|"
    r"secondary|ikm|instrumentation|secret)_?(access_?)?key(_(base|value|id|secret|prod|dev|\d+))?$|(secret|token|apikey|authkey)$|"
    r"(^|_)(authorization|x_api_key|x_auth_token|connection_?string)$"
)
_NOT_NAMED = re.compile(
    r"^client_token$|^(update|has|needs|require|ask|reset|use|show|allow|check|hide|force)_(password|token|secret)|^(public|no|invalid|wrong|fake|dummy|csrf|xsrf|next|prev|continuation|page|sync|cancel|cancellation)_|"
    r"(_|^)(public_key|page_token|next_token|token_type|type|url|uri|path|file|name|field|label|hint|placeholder|policy|length|"
    r"regex|pattern|algorithm|private_key_id|account_sid|(last_(used|changed|set)|created|expires|age)|credentials?_id|secrets_id|signature_value|pusher_(app_)?key|(change|idempotency|client_request|creator_request|lifecycle_action)_token|ref|sha|sha1|sha256|md5|checksum|integrity|version|title|message|error|description|help|csrf_token)$"
)
_DIGEST = re.compile(r"checksum|digest|fingerprint|thumbprint|(^|[^a-z])sha(1|256|512)?([^a-z]|$)", re.IGNORECASE)
_KEY_OF_OTHERS = re.compile(
    r"(^|_)(cache|row|primary|foreign|partition|sort|hash|range|routing|group|object|s3|site|public|publishable|gpg|pgp|host|registry|dict|"
    r"map|i18n|translation|lookup|search|query|event|trace|test|dedup|measurement|verify|verification|tracking|project|write|release|"
    r"instance|lock|redis|kms|image|media|storage|file|doc|document|message|issue|run|job|build|record|store|context|id|item)_key$"
)
"""Keys that find something instead of opening it."""
_WORDY = re.compile(r"[^\W\d_]+(?:[-_. /:]+[^\W\d_]+)*[.!?:]?")
_CODE = re.compile(r"[()\[\]{};<>]|::|->|=>|\\|^[$&#%*.?|`]|^@(?!\S*\d)|^\w+(?:\|[\w:,]+)+$|^[a-z_]+(\.[a-z_\d$-]+)+$|^--|^\d+(\.\d+)+(-[\d.]*)?$|^v\d+(\.|$)|\*\*|^sha\d+[-:]|://(?!.*@)")
_EXAMPLES = frozenset({"test", "tests", "testing", "spec", "specs", "__tests__", "fixtures", "fixture", "testdata", "example", "examples",
                       "sample", "samples", "demo", "translations", "lc_messages", "mocks", "mock", "docs", "doc", "cassettes",
                       "locale", "locales",
                       "i18n", "lang"})  # fmt: skip
_PASSWORD_LENGTH_MIN, _KEY_LENGTH_MIN = 6, 12


def flat(name: str) -> str:
    """A name in lower case with underscores: `client_secret` for `clientSecret`, `Client-Secret` and `app.client.secret`."""
    *before, last = re.split(r"[./:$]", name.strip())
    if last.lower() == "key" and before:
        last = f"{before[-1]}_key"  # `fs.s3a.secret.key`: alone it says nothing
    last = last.replace("-", "_").replace(" ", "_")
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", last).lower().strip("_@")


def names_no_secret(name: str) -> bool:
    """Whether the name tells that its value is something about a secret: `secret_key_algorithm`, `token_url`."""
    return bool(_NOT_NAMED.search(flat(name)) or _DIGEST.search(name))


def looks_like_code(value: str) -> bool:
    """Whether it is an expression, a rule of a form (`required|min:8`), an option or a version rather than a value."""
    return bool(_CODE.search(value))


def is_example(path: str) -> bool:
    """Whether the file is a test, an example or documentation, where credentials are mostly made up."""
    whole = PurePosixPath(path.lower())
    name = whole.name
    told = name.startswith(("test_", "conftest.", "examples", "example.")) or any(one in name for one in ("_test.", ".test.", ".spec."))
    return told or any(part in _EXAMPLES or part.endswith(("_test", "_tests", "-tests")) for part in whole.parts[:-1])


def grade(name: str, value: str, *, doubtful: bool = False) -> Confidence | None:
    """How sure it is that a setting holds a credential; None for a placeholder, a label, a reference or code.

    `doubtful` places (prose, tests, examples) need a value that a generator made.
    """
    named = flat(name)
    strong, keyed = bool(_STRONG.search(named)), bool(_KEYED.search(named)) or (not doubtful and _is_other_key(name, named, value))
    if not (strong or keyed) or _NOT_NAMED.search(named) or _DIGEST.search(name):
        return None
    if is_soup(value):
        return "high"
    if not is_plausible(value) or _CODE.search(value):
        return None
    if named.endswith("dsn") and "://" in value and not _USERINFO.search(value):
        return None
    if is_generated(value):
        return None if "abcdefgh" in value.lower() else "high"
    if doubtful or len(value) < (_PASSWORD_LENGTH_MIN if strong else _KEY_LENGTH_MIN):
        return None
    if flat(value) == named or is_filler(value):
        return None
    if is_mixed(value):
        return "high" if strong else "medium"
    if keyed and value.isdigit() and "secret" in named:
        return "medium"
    return "medium" if strong and (not _WORDY.fullmatch(value) or _TWO_NAMES.fullmatch(value) or _is_scrambled(value)) else None


_JOINED_WORDS = re.compile(r"[a-z]+|[A-Z]+|[A-Z]?[a-z]+(?:[A-Z][a-z]{2,})*[A-Z]{0,4}|[A-Z]{2,5}(?:[A-Z][a-z]+)+")
_SCRAMBLED_LENGTH_MIN, _SCRAMBLED_BITS_MIN = 8, 4.8


def _is_scrambled(value: str) -> bool:
    """Whether letters without a digit are no words: `JXKqSdsj`, which a program proposed."""
    if len(value) < _SCRAMBLED_LENGTH_MIN or not value.isascii() or not value.isalpha() or _JOINED_WORDS.fullmatch(value):
        return False
    return surprise(value) >= _SCRAMBLED_BITS_MIN


_USERINFO = re.compile(r"://[^/@]{0,200}:[^/@]{1,200}@")


def _is_other_key(name: str, named: str, value: str) -> bool:
    """Whether it is the key of a service that no list names: `OPENWEATHER_KEY` with a value that a generator made.

    Hex counts for constants only: elsewhere it is a digest more often than a key.
    """
    if not named.endswith("_key") or _KEY_OF_OTHERS.search(named) or not is_generated(value):
        return False
    return name.isupper() or (any(c.isupper() for c in value) and any(c.islower() for c in value) and any(c.isdigit() for c in value))


_USUAL = frozenset(
    {"password", "passwd", "secret", "username", "token", "admin", "guest", "root", "test", "user", "pass",
     "password1", "password123", "password1234",
     "secret123", "test123", "test1234", "123456", "admin123", "changeme1", "pass123", "abc123"}
)  # fmt: skip
_FILLER = re.compile(
    r"^(new|old|my)?[-_]?(token|secret|password|pass|key)[-_]?\d{0,4}$|^(?=.*\d)?(test|fake|dummy|example|sample|mock|demo|your|"
    r"replace|insert|change|todo|fixme)[-_ ]?|"
    r"^(foo|bar|baz|abc|xyz|my|some|here|enter)(?=[-_ \d]|$|foo|bar|db|user|app|api|super|secret|pass|token|key)|"
    r"(^|_|-)not[-_]an?[-_]|(_|-|^)(here|example|placeholder|goes|redacted|removed|dummy|fake|sample)(_|-|$)|^(?P<one>.)(?P=one)+$|"
    r"^(0123|1234|abcd|qwer|asdf|dead_?beef)",
    re.IGNORECASE,
)


def is_filler(value: str) -> bool:
    """Whether a value says of itself that it is made up: `your-key-here`, `test-token-1`, `aaaa`, `1234…`."""
    if "EXAMPLE" in value or "abcdefgh" in value.lower():  # as Amazon's documentation marks its keys
        return True
    return value.lower().strip("\"'") in _USUAL or bool(_FILLER.search(value)) or len(set(value)) < 4
