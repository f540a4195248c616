"""Text for people in which somebody wrote a credential down: `password: …`, `Token = …`."""

import re
from collections.abc import Iterator

from analyzers.setting import Reader, Setting

_TOLD = re.compile(
    r"(?<![\w.-])(?P<name>(?:(?:api|access|secret|auth|client|private|signing|bot) (?=key|token|secret))?[A-Za-z_][\w.-]{2,60})"
    r"[\"'`*]{0,3}[ \t]{0,4}(?:[:=]|\bis\b|->)[ \t]{0,4}"
    r"[\"'`*]{0,3}(?P<value>[^\s\"'`*<>,;|]{6,400})"
)

_JOTTED = re.compile(
    r"\b(?:(?P<name>pw|pwd|passwd)[ \t]{1,4}|(?:ssh|root|admin|login|user)\b[^\n/]{0,40}[ \t]/[ \t]|"
    r"(?:wi-?fi|wlan)\b[^\n:=]{0,30}\b(?:key|password|psk)[ \t]{0,4}[:=][ \t]{0,4})(?P<value>[^\s\"'`<>,;|/]{6,60})(?=\s|$)",
    re.IGNORECASE,
)


def _read(text: str) -> Iterator[Setting]:
    for match in _TOLD.finditer(text):
        yield Setting(match["name"], match["value"].rstrip(").,"), *match.span("value"))
    for match in _JOTTED.finditer(text):
        yield Setting("password", match["value"], *match.span("value"))


READER = Reader(
    name="documents",
    files=(".md", ".rst", ".txt", ".adoc", ".org", ".tex", ".csv", ".eml", ".note", ".notes", "readme", "notes", "todo", ".log"),
    read=_read,
    source="https://cwe.mitre.org/data/definitions/798.html",
    examples=(("The password is `tulip-44-rain`.", "password", "tulip-44-rain"), ("api_key: k3yForTheDoor", "api_key", "k3yForTheDoor"),
              ("web1 ssh root / tulip-44-rain", "password", "tulip-44-rain"), ("vpn ann pw tulip-44-rain", "password", "tulip-44-rain")),
    prose=True,
    jotted=("notes", "note", "todo", "passwords", "password", "credentials", "creds", "logins", "access", "servers", "secrets"),
)
