"""XML and its like: elements, attributes, and pairs of attributes that hold a name and a value."""

import re
from collections.abc import Iterator

from analyzers.setting import Reader, Setting

_ELEMENT = re.compile(r"<(?P<name>[A-Za-z_][\w.:-]{1,80})(?:\s[^<>]{0,300})?>\s{0,200}(?P<value>[^<>\s][^<>\n]{0,400}?)\s{0,200}</")
_ATTRIBUTE = re.compile(r"[\s\"'](?P<name>[A-Za-z_][\w.:-]{1,80})\s{0,4}=\s{0,4}[\"'](?P<value>[^\"'<>\n]{1,400})[\"']")
_PAIR = re.compile(
    r"\b(?:name|key|id)\s{0,4}=\s{0,4}[\"'](?P<name>[\w.:-]{1,80})[\"'][^<>]{0,200}?\bvalue\s{0,4}=\s{0,4}[\"'](?P<value>[^\"'<>\n]{1,400})[\"']"
)
_CHILD = re.compile(
    r"\b(?:name|key)\s{0,4}=\s{0,4}[\"'](?P<name>[\w.:-]{1,80})[\"'][^<>]{0,200}>\s{0,200}(?:<value>)?\s{0,200}(?P<value>[^<>\s]{1,400})\s{0,200}</"
)
_PLIST = re.compile(r"<key>(?P<name>[\w.: -]{1,80})</key>\s{0,200}<string>(?P<value>[^<>\n]{1,400})</string>")


def _read(text: str) -> Iterator[Setting]:
    for pattern in (_ELEMENT, _ATTRIBUTE, _PAIR, _CHILD, _PLIST):
        for match in pattern.finditer(text):
            yield Setting(match["name"], match["value"].strip(), *match.span("value"))


READER = Reader(
    name="markup",
    files=(".xml", ".config", ".plist", ".csproj", ".props", ".targets", ".pubxml", ".wsdl", ".xaml", ".xsl", ".svc", ".jelly",
           ".iml", ".pom", ".settings", ".resx", ".jmx", ".html", ".jsp", ".cshtml", ".aspx"),
    read=_read,
    source="https://www.w3.org/TR/xml/",
    examples=(
        ("<server><password>tulip-44-rain</password></server>", "password", "tulip-44-rain"),
        ('<user name="ann" password="tulip-44-rain"/>', "password", "tulip-44-rain"),
        ('<add key="ApiSecret" value="k3yForTheDoor"/>', "ApiSecret", "k3yForTheDoor"),
        ('<property name="jdbc.password">tulip-44-rain</property>', "jdbc.password", "tulip-44-rain"),
        ("<key>APIToken</key>\n<string>k3yForTheDoor</string>", "APIToken", "k3yForTheDoor"),
    ),
)  # fmt: skip
