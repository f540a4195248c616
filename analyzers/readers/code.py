"""Names given a string in source code of any language: assignments, keys of literals, named arguments, setters."""

import re
from collections.abc import Iterator

from analyzers.setting import Reader, Setting

_QUOTED = r"(?:\"(?P<double>[^\"\n\\]{1,400})\"|'(?P<single>[^'\n\\]{1,400})'|`(?P<back>[^`\n\\$]{1,400})`)"
_ASSIGNED = re.compile(
    r"(?<![\w$.-])(?P<name>[A-Za-z_$][\w$.-]{1,80})[\"'\])]{0,2}\s{0,4}(?::\s{0,4}[&A-Za-z_][\w.<>\[\]?|&' ]{0,40}\s{0,4})?"
    rf"(?:=>|:=|\|\|=|\?\?=|[=:])\s{{0,4}}(?:[@$rLubN]|\[\]byte\(|Buffer\.from\(|[\w.]{{0,40}}\bGetBytes\(|SecretStr\(|bytes\()?{_QUOTED}"
)
_GIVEN = re.compile(  # define('DB_PASSWORD', 'x'), put("password", "x"), <<- "password", "x"
    rf"[(,\[]\s{{0,4}}[\"'](?P<name>[A-Za-z_][\w.-]{{1,80}})[\"']\s{{0,4}},\s{{0,4}}{_QUOTED}\s{{0,4}}[),\]]"
)
_KEY_OF = re.compile(  # 'crypt' => ['key' => 'x']
    rf"[\"']?\b(?P<name>[A-Za-z_]\w{{1,60}})[\"']?\s{{0,4}}(?:=>|[:=])\s{{0,4}}[\[{{(]\s{{0,40}}[\"']?key[\"']?\s{{0,4}}(?:=>|[:=])\s{{0,4}}{_QUOTED}"
)
_FIELD = re.compile(  # buildConfigField "String", "API_SECRET", "\"x\""
    r"[\"'](?P<name>[A-Za-z_]\w{2,60})[\"']\s{0,4},\s{0,4}(?:'\"|\"\\\")(?P<double>[^\"\\\n]{4,400})(?P<single>)(?P<back>)"
)
_KEYWORD = re.compile(rf"(?<![\w:]):(?P<name>[a-z][\w-]{{2,60}})[ \t]{{1,4}}{_QUOTED}")  # Clojure
_SPACED = re.compile(rf"^[ \t]{{0,40}}(?:#define[ \t]+)?(?P<name>[A-Za-z]\w{{3,60}})[ \t]+{_QUOTED}[ \t]*;?[ \t]*$",
    re.MULTILINE)  # Gradle, Ruby, nginx
_SETTER = re.compile(rf"\bset_?(?P<name>[A-Za-z]\w{{2,60}})\(\s{{0,4}}{_QUOTED}\s{{0,4}}\)")


def _read(text: str) -> Iterator[Setting]:
    for pattern in (_ASSIGNED, _GIVEN, _SETTER, _SPACED, _FIELD, _KEYWORD):
        for match in pattern.finditer(text):
            group = next(key for key in ("double", "single", "back") if match[key])
            yield Setting(match["name"].lstrip("$"), match[group], *match.span(group))
    for match in _KEY_OF.finditer(text):
        group = next(key for key in ("double", "single", "back") if match[key])
        yield Setting(f"{match['name']}_key", match[group], *match.span(group))


READER = Reader(
    name="code",
    files=(".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".vue", ".svelte", ".java", ".kt", ".kts", ".scala", ".groovy", ".gradle",
           ".go", ".rb", ".php", ".phtml", ".cs", ".vb", ".fs", ".swift", ".m", ".c", ".h", ".cpp", ".hpp", ".cc", ".rs", ".lua",
           ".pl", ".pm", ".r", ".dart", ".ex", ".exs", ".erl", ".clj", ".ps1", ".psm1", ".bas", ".vbs", ".cls", ".jl", ".hs", ".nim",
           ".pp", ".cljs", ".edn", ".tf", ".hcl", ".json5", ".coffee", ".inc",
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
        ('var hmacSecret = []byte("k3yForTheDoor")', "hmacSecret", "k3yForTheDoor"),
        ('const SECRET: &str = "k3yForTheDoor";', "SECRET", "k3yForTheDoor"),
        ("'crypt' => [\n    'key' => 'k3yForTheDoor'", "crypt_key", "k3yForTheDoor"),
        ('buildConfigField "String", "API_SECRET", "\\"k3yForTheDoor\\""', "API_SECRET", "k3yForTheDoor"),
        ('#define API_SECRET "k3yForTheDoor"', "API_SECRET", "k3yForTheDoor"),
        ('{:username "ann" :password "tulip-44-rain"}', "password", "tulip-44-rain"),
        ('ds.setPassword("tulip-44-rain");', "Password", "tulip-44-rain"),
    ),
)  # fmt: skip
