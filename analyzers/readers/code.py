"""Names given a string in source code of any language: assignments, keys of literals, named arguments, setters."""

import re
from collections.abc import Iterator

from analyzers.setting import Reader, Setting

_QUOTED = r"(?:\"(?P<double>[^\"\n\\]{1,400})\"|'(?P<single>[^'\n\\]{1,400})'|`(?P<back>[^`\n\\$]{1,400})`)"
_ASSIGNED = re.compile(
    r"(?<![\w$.-])(?P<name>[A-Za-z_$][\w$.-]{1,80})[\"'\])]{0,2}\s{0,4}(?::\s{0,4}[A-Za-z_][\w.<>\[\]?| ]{0,40}\s{0,4})?"
    rf"(?:=>|:=|\|\|=|\?\?=|[=:])\s{{0,4}}[@$rLu]?{_QUOTED}"
)
_GIVEN = re.compile(  # define('DB_PASSWORD', 'x'), put("password", "x"), <<- "password", "x"
    rf"[(,\[]\s{{0,4}}[\"'](?P<name>[A-Za-z_][\w.-]{{1,80}})[\"']\s{{0,4}},\s{{0,4}}{_QUOTED}\s{{0,4}}[),\]]"
)
_SPACED = re.compile(rf"^[ \t]{{0,40}}(?P<name>[A-Za-z]\w{{3,60}})[ \t]+{_QUOTED}[ \t]*;?[ \t]*$", re.MULTILINE)  # Gradle, Ruby, nginx
_SETTER = re.compile(rf"\bset_?(?P<name>[A-Za-z]\w{{2,60}})\(\s{{0,4}}{_QUOTED}\s{{0,4}}\)")


def _read(text: str) -> Iterator[Setting]:
    for pattern in (_ASSIGNED, _GIVEN, _SETTER, _SPACED):
        for match in pattern.finditer(text):
            group = next(key for key in ("double", "single", "back") if match[key])
            yield Setting(match["name"].lstrip("$"), match[group], *match.span(group))


READER = Reader(
    name="code",
    files=(".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".vue", ".svelte", ".java", ".kt", ".kts", ".scala", ".groovy", ".gradle",
           ".go", ".rb", ".php", ".phtml", ".cs", ".vb", ".fs", ".swift", ".m", ".c", ".h", ".cpp", ".hpp", ".cc", ".rs", ".lua",
           ".pl", ".pm", ".r", ".dart", ".ex", ".exs", ".erl", ".clj", ".ps1", ".psm1", ".tf", ".hcl", ".json5", ".coffee", ".inc",
           ".erb", ".haml", ".html", ".jsp", ".sbt", ".cr", ".sql", ".toml", "gemfile", "rakefile", "jenkinsfile", "vagrantfile"),
    read=_read,
    source="https://cwe.mitre.org/data/definitions/798.html",
    examples=(
        ('const dbPassword = "tulip-44-rain";', "dbPassword", "tulip-44-rain"),
        ("define( 'DB_PASSWORD', 'tulip-44-rain' );", "DB_PASSWORD", "tulip-44-rain"),
        ("'password' => 'tulip-44-rain',", "password", "tulip-44-rain"),
        ('private static final String API_SECRET = "k3yForTheDoor";', "API_SECRET", "k3yForTheDoor"),
        ("let token: string = 'k3yForTheDoor'", "token", "k3yForTheDoor"),
        ('  storePassword "tulip-44-rain"\n', "storePassword", "tulip-44-rain"),
        ('ds.setPassword("tulip-44-rain");', "Password", "tulip-44-rain"),
    ),
)  # fmt: skip
