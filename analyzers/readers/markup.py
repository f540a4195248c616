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
    r"\b(?:name|key|addrType)\s{0,4}=\s{0,4}[\"'](?P<name>[\w.:-]{1,80})[\"'][^<>]{0,200}>\s{0,200}(?:<(?:value|Value|Contents)>)?\s{0,200}(?P<value>[^<>\s]{1,400})\s{0,200}</"
)
_NAMED = re.compile(
    r"<(?:key|name|param-name)>(?P<name>[\w.: -]{1,80})</[\w-]{1,20}>\s{0,200}<(?:string|value|param-value)"
    r"\b[^<>]{0,80}>(?P<value>[^<>\n]{1,400})</", re.IGNORECASE
)
_VALUE_OF = re.compile(r"<(?P<name>\w{0,40}password)>\s{0,200}<value>(?P<value>[^<>\s]{4,400})</value>", re.IGNORECASE)


def _read(text: str) -> Iterator[Setting]:
    for pattern in (_ELEMENT, _ATTRIBUTE, _PAIR, _CHILD, _NAMED, _VALUE_OF):
        for match in pattern.finditer(text):
            yield Setting(match["name"], match["value"].strip(), *match.span("value"))


READER = Reader(
    name="markup",
    files=(".xml", ".config", ".plist", ".csproj", ".props", ".targets", ".pubxml", ".wsdl", ".xaml", ".xsl", ".svc", ".jelly",
           ".iml", ".kjb", ".ktr", ".odc", ".tds", ".dtsx", ".pom", ".settings", ".resx", ".jmx", ".html", ".jsp", ".cshtml", ".aspx"),
    read=_read,
    source="https://www.w3.org/TR/xml/",
    examples=(
        ("<server><password>tulip-44-rain</password></server>", "password", "tulip-44-rain"),
        ('<user name="ann" password="tulip-44-rain"/>', "password", "tulip-44-rain"),
        ('<add key="ApiSecret" value="k3yForTheDoor"/>', "ApiSecret", "k3yForTheDoor"),
        ('<property name="jdbc.password">tulip-44-rain</property>', "jdbc.password", "tulip-44-rain"),
        ("<name>jdbc.password</name>\n<value>tulip-44-rain</value>", "jdbc.password", "tulip-44-rain"),
        ("<AdministratorPassword>\n  <Value>tulip-44-rain</Value>", "AdministratorPassword", "tulip-44-rain"),
        ("<key>APIToken</key>\n<string>k3yForTheDoor</string>", "APIToken", "k3yForTheDoor"),
    ),
)  # fmt: skip
