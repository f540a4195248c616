"""`NAME=value` and `name: value`, one a line: .env, shell, INI, properties, TOML, YAML, Dockerfiles and their like."""

import re
from bisect import bisect_right
from collections.abc import Iterator

from analyzers.setting import Reader, Setting

_LINE = re.compile(
    r"^[ \t>#;/*]{0,40}(?:(?:export|set(?:[ \t]+-[A-Za-z]{1,3})?|"
    r"setenv|declare -x|ENV|ARG|local|readonly|var|-)[ \t]+){0,2}(?:[A-Z]+[ \t]+)?"
    r"[\"']?(?P<name>[A-Za-z_][\w./:-]{0,80}?)[\"']?[ \t]*(?:[:=]|\?=|:=|[ \t])[ \t]*"
    r"(?:![\w!]+[ \t]+)?(?:\"(?P<double>[^\"\n]{1,400})\"|'(?P<single>[^'\n]{1,400})'|(?P<bare>[^\s\"'#][^\s#\n]{0,400}))"
    r"[ \t]*[,;]?[ \t]*(?:\\|[#;].{0,200})?$",
    re.MULTILINE,
)
_INLINE = re.compile(r"(?<![\w.])-{0,2}(?P<name>[A-Za-z_][\w.-]{1,60})=(?P<bare>[^\s\"'#;,&]{4,200})")
_PAIR = re.compile(
    r"(?:-[ \t]+)?name:[ \t]*[\"']?(?P<name>[\w.-]{1,80})[\"']?[ \t]*\n[ \t]*value:[ \t]*[\"']?(?P<bare>[^\s\"'#]{1,400})[\"']?"
)


_FLAG = re.compile(r"(?<!\S)[\"'\[]{0,2}--?(?P<name>[A-Za-z][\w-]{2,60})[\"']?,?[ \t]+[\"']?(?P<bare>[^\s\"'#;,&-][^\s\"'#;,&]{3,200})")
_VARIABLE = re.compile(r"\bvariable\s+\"(?P<name>[\w-]{1,80})\"\s*\{[^{}]{0,400}?\bdefault\s*=\s*\"(?P<bare>[^\"\n]{1,400})\"")
_DEFAULT = re.compile(r"\$\{[A-Za-z_][\w.]{0,80}:[-=]?(?P<default>[^{}$\s]{1,400})\}")
"""What holds when nothing else is given: of a shell, of Compose, of Spring."""
_SECTION = re.compile(r"^[ \t]*\[[ \t]*(?P<section>[A-Za-z][\w.-]{0,60})[ \t]*\]", re.MULTILINE)


def _read(text: str) -> Iterator[Setting]:
    sections = [(match.start(), match["section"]) for match in _SECTION.finditer(text)]
    for pattern in (_LINE, _INLINE, _PAIR, _FLAG, _VARIABLE):
        for match in pattern.finditer(text):
            group = next(key for key in ("double", "single", "bare") if match.groupdict().get(key))
            value, start, name = match[group].rstrip(","), match.start(group), match["name"]
            if default := _DEFAULT.fullmatch(value):
                value, start = default["default"], start + default.start("default")
            if name.lower() == "key":
                name = _with_section(name, start, sections)
            yield Setting(name, value, start, start + len(value))


def _with_section(name: str, start: int, sections: list[tuple[int, str]]) -> str:
    """A bare `key` says less than `[api]` above it."""
    at = bisect_right(sections, (start, "")) - 1
    return f"{re.split('[.-]', sections[at][1])[-1]}_{name}" if at >= 0 else name


READER = Reader(
    name="assignments",
    files=(".env", ".envrc", ".ini", ".cfg", ".cnf", ".conf", ".config", ".properties", ".toml", ".yml", ".yaml", ".sh", ".bash",
           ".zsh", ".fish", ".bat", ".cmd", ".tfvars", ".tf", ".hcl", ".prefs", ".settings", ".secret", ".secrets", ".credentials",
           ".service", ".desktop", ".mk", ".rc", ".list", ".dockerfile", ".eml", ".log", ".history", ".bash_history", ".zsh_history",
           ".env.local", "dockerfile", "makefile", ".bashrc", ".zshrc", ".profile", ".bash_profile", ".netrc", ".pypirc", ".npmrc",
           ".s3cfg", ".boto", "credentials", "config", "env", ".env.example", ".env.production", ".env.dev", ".pgpass", ".my.cnf",
           "passwd", "jenkinsfile", ".editorconfig", ".gitconfig", ".git-credentials", "heroku", ".plist", ".esmtprc", ".msmtprc",
           ".muttrc", "muttrc", "hosts", "inventory", ".remote-sync", ".ovpn", ".j2", ".tpl", ".template"),
    read=_read,
    source="https://12factor.net/config",
    examples=(
        ("DB_PASSWORD=tulip-44-rain\n", "DB_PASSWORD", "tulip-44-rain"),
        ("db:\n  - password: 's3same 0pen'  # old\n", "password", "s3same 0pen"),
        ("ENV API_TOKEN k3Tz9QpXv7\n", "API_TOKEN", "k3Tz9QpXv7"),
        ("        - name: DB_PASSWORD\n          value: tulip-44-rain\n", "DB_PASSWORD", "tulip-44-rain"),
        ("mysqldump --user=app --password=tulip-44-rain shop\n", "password", "tulip-44-rain"),
        ("set -gx API_TOKEN k3Tz9QpXv7\n", "API_TOKEN", "k3Tz9QpXv7"),
        ("PASSWORD: ${DB_PASSWORD:-tulip-44-rain}\n", "PASSWORD", "tulip-44-rain"),
        ("[api]\nkey = k3Tz9QpXv7\n", "api_key", "k3Tz9QpXv7"),
        ("run --admin-password tulip-44-rain --port 80\n", "admin-password", "tulip-44-rain"),
        ('variable "token" {\n  type = string\n  default = "k3Tz9QpXv7"\n}\n', "token", "k3Tz9QpXv7"),
        ("# old_secret = k3yForTheDoor\n", "old_secret", "k3yForTheDoor"),
    ),
)  # fmt: skip
