"""JSON, also inside strings and with mistakes: members, and pairs of members that hold a name and a value."""

import re
from collections.abc import Iterator

from analyzers.setting import Reader, Setting

_MEMBER = re.compile(r'"(?P<name>[A-Za-z_@][\w.@/: -]{1,80})"\s{0,8}:\s{0,8}"(?P<value>[^"\n\\]{1,400})"')
_PAIR = re.compile(
    r'"(?:name|key|Name|Key|ParameterKey|title)"\s{0,8}:\s{0,8}"(?P<name>[\w.-]{1,80})"\s{0,8},\s{0,16}'
    r'"(?:value|Value|ParameterValue|defaultValue|default)"\s{0,8}:\s{0,8}"(?P<value>[^"\n\\]{1,400})"'
)
_NESTED = re.compile(
    r'"(?P<name>[A-Za-z_][\w.-]{1,80})"\s{0,8}:\s{0,8}\{\s{0,40}"(?P<inner>value|[kK]ey|KEY)"\s{0,8}:\s{0,8}"(?P<value>[^"\n\\]{1,400})"'
)
_ACCOUNT_KEY = re.compile(  # Kaggle's file: a key beside a user's name opens something
    r'"user(?:name)?"\s{0,8}:\s{0,8}"[^"\n]{1,100}"\s{0,8},\s{0,40}"key"\s{0,8}:\s{0,8}"(?P<value>[^"\n\\]{1,400})"'
)
_CODE = re.compile(r"(?<!\w)(?P<name>[A-Za-z_]\w{1,80})[\"'\]]{0,2}\s{0,4}[=:]\s{0,4}[\"'](?P<value>[^\"'\n\\]{1,400})[\"']")


def _read(text: str) -> Iterator[Setting]:
    for pattern in (_MEMBER, _PAIR):
        for match in pattern.finditer(text):
            yield Setting(match["name"], match["value"], *match.span("value"))
    for match in _NESTED.finditer(text):
        name = match["name"] if match["inner"] == "value" else f"{match['name']}_key"
        yield Setting(name, match["value"], *match.span("value"))
    for match in _ACCOUNT_KEY.finditer(text):
        yield Setting("api_key", match["value"], *match.span("value"))
    if "\\" in text:
        # What a string holds is read as it stands: escapes become two signs, so that every place stays the same.
        inner = text.replace("\\\\", "  ").replace('\\"', ' "').replace("\\n", " \n").replace("\\t", "  ")
        for match in _CODE.finditer(inner):
            value = match["value"].rstrip()
            yield Setting(match["name"], value, match.start("value"), match.start("value") + len(value))


READER = Reader(
    name="json",
    files=(".json", ".jsonc", ".json5", ".ipynb", ".tfstate", ".tfstate.backup", ".har", ".http", ".rest", ".webmanifest",
        ".code-workspace", ".arb",
           ".yaml", ".yml", ".js", ".lock.json", ".dockercfg", ".babelrc", ".ftpconfig", ".avsc", ".template", ".postman_collection"),
    read=_read,
    source="https://www.rfc-editor.org/rfc/rfc8259",
    examples=(
        ('{"db": {"password": "tulip-44-rain"}}', "password", "tulip-44-rain"),
        ('{"name": "DB_PASSWORD", "value": "tulip-44-rain"}', "DB_PASSWORD", "tulip-44-rain"),
        ('{"db_password": {"value": "tulip-44-rain"}}', "db_password", "tulip-44-rain"),
        ('{"username": "ann", "key": "k3yForTheDoor"}', "api_key", "k3yForTheDoor"),
        ('{"Jwt": {"Key": "k3yForTheDoor"}}', "Jwt_key", "k3yForTheDoor"),
        ('{"source": ["password = \\"tulip-44-rain\\"\\n"]}', "password", "tulip-44-rain"),
    ),
)  # fmt: skip
