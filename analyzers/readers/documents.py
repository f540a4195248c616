"""Text for people in which somebody wrote a credential down: `password: …`, `Token = …`."""

import re
from collections.abc import Iterator

from analyzers.setting import Reader, Setting

_TOLD = re.compile(
    r"(?<![\w.-])(?P<name>(?:(?:api|access|secret|auth|client|private|signing|bot) (?=key|token|secret))?[A-Za-z_][\w.-]{2,60})"
    r"[\"'`*]{0,3}[ \t]{0,4}(?:[:=]|\bis\b|->)[ \t]{0,4}"
    r"[\"'`*]{0,3}(?P<value>[^\s\"'`*<>,;|]{6,400})"
)


def _read(text: str) -> Iterator[Setting]:
    for match in _TOLD.finditer(text):
        yield Setting(match["name"], match["value"].rstrip(").,"), *match.span("value"))


READER = Reader(
    name="documents",
    files=(".md", ".rst", ".txt", ".adoc", ".org", ".tex", ".csv", ".eml", ".note", ".notes", "readme", "notes", "todo", ".log"),
    read=_read,
    source="https://cwe.mitre.org/data/definitions/798.html",
    examples=(("The password is `tulip-44-rain`.", "password", "tulip-44-rain"), ("api_key: k3yForTheDoor", "api_key", "k3yForTheDoor")),
    prose=True,
    jotted=("notes", "note", "todo", "passwords", "password", "credentials", "creds", "logins", "access", "servers", "secrets"),
)
