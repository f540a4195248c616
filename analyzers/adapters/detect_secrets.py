"""detect-secrets as a second opinion: its patterns and filters, without its settings, files or network checks."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.filters import heuristic
from detect_secrets.plugins.base import RegexBasedDetector
from detect_secrets.plugins.high_entropy_strings import HighEntropyStringsPlugin
from detect_secrets.plugins.keyword import QUOTES_REQUIRED_DENYLIST_REGEX_TO_GROUP, REGEX_BY_FILETYPE, KeywordDetector
from detect_secrets.util.filetype import determine_file_type

from analyzers.context import Draft
from analyzers.credential import grade, is_example, is_filler, is_mixed, is_plausible, looks_like_code, names_no_secret
from analyzers.detector import FIX, WHY, told
from analyzers.finding import Confidence, Severity
from analyzers.lines import Lines
from analyzers.rarity import is_generated

TOOL = "detect-secrets"
LINE_CHARACTERS_MAX = 4096
"""Some of its patterns take quadratic time; longer lines are left to our own detectors, and that is told."""
_LEFT_OUT = frozenset({"Public IP (ipv4)", "Twilio API Key"})
"""What is no secret: an address; the number of an account, which its Twilio pattern takes too. Twilio's keys are in our own list."""
OWN_DETECTORS = frozenset(
    {"AWS Access Key", "Azure Storage Account access key", "Basic Auth Credentials", "GitHub Token", "GitLab Token",
     "JSON Web Token", "NPM tokens", "OpenAI Token", "Private Key", "PyPI Token", "SendGrid API Key", "Slack Token",
     "Stripe Access Key", "Telegram Bot Token"}
)  # fmt: skip
"""Kinds that a detector of ours looks at closer. Where ours finds nothing, detect-secrets' word stays, as a low one."""
_ALLOWED = "pragma: allowlist secret"
_KEYWORDS = ("pass", "pwd", "secret", "key", "contrase")
_LONG_STRING = re.compile(r"[\"'][A-Za-z0-9+/=_-]{20,}[\"']")
_RUN = re.compile(r"[\w-]{24,}")
_RUN_OF = {
    "Cloudant Credentials": re.compile(r"[0-9a-f]{64}|[a-z]{24}", re.IGNORECASE),
    "IBM COS HMAC Credentials": re.compile(r"[0-9a-f]{48}", re.IGNORECASE),
    "IBM Cloud IAM Key": re.compile(r"[\w-]{44}"),
    "Mailchimp Access Key": re.compile(r"[0-9a-z]{32}-us"),
    "SoftLayer Credentials": re.compile(r"[a-z0-9]{64}", re.IGNORECASE),
    "Telegram Bot Token": re.compile(r"[\w-]{35}"),
}
"""What of a secret of these kinds is one run of letters and digits: their patterns begin with words that may be left out, so that they
try every place of a text and took most of the time of all."""
_START_OF = {"Artifactory Credentials": re.compile(r"A(?:KC|P[\dA-F])[a-zA-Z0-9]{8}")}
"""For the same reason: without the sign that must stand before it."""
_NAMED = re.compile(r"([A-Za-z_][\w./-]{1,80})[\"'\])]{0,2}\s{0,4}(?:=>|:=|[=:(,])\s{0,4}[\"'`]?$")
_PROSE = (".md", ".rst", ".txt", ".adoc")
_PRIOR = {"named": 0.4, "entropy": 0.15, "pattern": 0.6}


def find(lines: Lines, path: str, *, python: bool) -> list[Draft]:
    """What detect-secrets calls a secret in a text.

    In Python, names of variables are left to the rule hardcoded-credential, which sees what a name is given.
    """
    if heuristic.is_lock_file(path) or heuristic.is_non_text_file(path):
        return []
    numbered = [(n, line) for n, line in enumerate(lines.all(), 1) if len(line) <= LINE_CHARACTERS_MAX]
    text = "\n".join(line for _, line in numbered)
    runs = "\n".join(_RUN.findall(text))
    found: list[Draft] = []
    for plugin in _plugins():
        if python and isinstance(plugin, KeywordDetector):
            continue
        if _may_hold(plugin, text, runs):
            for number, line in numbered:
                found.extend(_on_line(plugin, path, number, line))
    return found


def rule_names() -> set[str]:
    """Under which names its findings stand."""
    return {_name(plugin) for plugin in _plugins()}


def _name(plugin: Any) -> str:
    return f"secret-{plugin.secret_type.lower().replace(' ', '-')}"


def skipped_lines(lines: Lines) -> int:
    """How many lines are too long to be looked at here."""
    if len(lines.text) <= LINE_CHARACTERS_MAX:
        return 0
    return sum(len(line) > LINE_CHARACTERS_MAX for line in lines.all())


@cache
def _plugins() -> tuple[Any, ...]:
    kinds: dict[str, Any] = get_mapping_from_secret_type_to_class()
    return tuple(kind() for title, kind in sorted(kinds.items()) if title not in _LEFT_OUT)


def _may_hold(plugin: Any, text: str, runs: str) -> bool:
    """A look at the whole text at once: most files hold nothing for most plugins. `runs` are its long runs of letters and digits."""
    if isinstance(plugin, HighEntropyStringsPlugin):
        return bool(_LONG_STRING.search(text))
    if isinstance(plugin, RegexBasedDetector):
        run, start = _RUN_OF.get(plugin.secret_type), _START_OF.get(plugin.secret_type)
        if (run and not run.search(runs)) or (start and not start.search(text)):
            return False
        return any(pattern.search(text) for pattern in plugin.denylist)
    if isinstance(plugin, KeywordDetector):
        return any(word in text.lower() for word in _KEYWORDS)
    return True


def _on_line(plugin: Any, path: str, number: int, line: str) -> Iterator[Draft]:
    if isinstance(plugin, KeywordDetector):
        if not any(word in line.lower() for word in _KEYWORDS):
            return
        patterns = REGEX_BY_FILETYPE.get(determine_file_type(path), QUOTES_REQUIRED_DENYLIST_REGEX_TO_GROUP)
        values = plugin.analyze_string(line, patterns)
    elif isinstance(plugin, HighEntropyStringsPlugin) and not _LONG_STRING.search(line):
        return
    else:
        values = plugin.analyze_string(line)
    for secret in {value for value in values if value}:
        if _is_kept(plugin, secret, line) and _is_confirmed(plugin, secret, line, path):
            yield _draft(plugin, secret, number, line)


def _is_kept(plugin: Any, secret: str, line: str) -> bool:
    entropic = isinstance(plugin, HighEntropyStringsPlugin)
    if entropic and plugin.calculate_shannon_entropy(secret) <= plugin.entropy_limit:
        return False
    return is_plausible(secret) and not _is_piece(secret, line) and not (
        heuristic.is_sequential_string(secret)
        or heuristic.is_potential_uuid(secret)
        or heuristic.is_templated_secret(secret)
        or heuristic.is_prefixed_with_dollar_sign(secret)
        or heuristic.is_not_alphanumeric_string(secret)
        or heuristic.is_likely_id_string(secret, line, plugin)
        or (not isinstance(plugin, RegexBasedDetector) and heuristic.is_indirect_reference(line))
    )


def _is_piece(secret: str, line: str) -> bool:
    """Whether it is cut out of a longer run of base64, a certificate or something sealed: no kind of key goes on beyond its end."""
    at = line.find(secret)
    around = line[max(at - 1, 0) : at] + line[at + len(secret) : at + len(secret) + 1]
    return len(secret) >= _PIECE_LENGTH_MIN and bool(_BASE64_SIGNS.search(around))


_PIECE_LENGTH_MIN = 24
_BASE64_SIGNS = re.compile(r"[A-Za-z0-9+]")


def _is_confirmed(plugin: Any, secret: str, line: str, path: str) -> bool:
    """Whether what stands around it agrees. Entropy alone says that of hashes, tables and identifiers too."""
    if isinstance(plugin, HighEntropyStringsPlugin):
        named = _NAMED.search(line[: max(line.find(secret), 0)])
        return named is not None and grade(named[1], secret, doubtful=True) is not None
    if isinstance(plugin, KeywordDetector):
        named = _NAMED.search(line[: max(line.find(secret), 0)])
        if looks_like_code(secret) or (named is not None and names_no_secret(named[1])):
            return False
        doubtful = is_example(path) or path.lower().endswith(_PROSE)
        return is_generated(secret) or (is_mixed(secret) and not is_filler(secret) and not doubtful)
    if plugin.secret_type in _DOUBTFUL:
        return is_mixed(secret) and not is_filler(secret)
    return not is_filler(secret)


_DOUBTFUL = frozenset({"Basic Auth Credentials", "Private Key", "IBM Cloud IAM Key", "IBM COS HMAC Credentials", "Softlayer Credentials"})
"""Kinds whose pattern fits words and names of forms too."""


def _draft(plugin: Any, secret: str, number: int, line: str) -> Draft:
    kind = "pattern" if isinstance(plugin, RegexBasedDetector) else "entropy"
    kind = "named" if isinstance(plugin, KeywordDetector) else kind
    covered = plugin.secret_type in OWN_DETECTORS
    severity: Severity = "low" if covered or kind == "entropy" else "medium"
    confidence: Confidence = "medium" if kind == "pattern" and not covered else "low"
    column = max(line.find(secret), 0) + 1
    return Draft(
        _name(plugin), TOOL, told(f"A secret ({plugin.secret_type})", secret), severity, confidence, 798,
        number, column, number, column + len(secret), WHY, FIX, _PRIOR[kind], secret=secret,
        silenced="an allowlist comment" if _ALLOWED in line else "",
    )  # fmt: skip
