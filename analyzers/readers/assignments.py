"""`NAME=value` and `name: value`, one a line: .env, shell, INI, properties, TOML, YAML, Dockerfiles and their like."""

import re
from collections.abc import Iterator

from analyzers.setting import Reader, Setting

_LINE = re.compile(
    r"^[ \t>#;/*]{0,40}(?:(?:export|set|setenv|declare -x|ENV|ARG|local|readonly|var|-)[ \t]+){0,2}(?:[A-Z]+[ \t]+)?"
    r"[\"']?(?P<name>[A-Za-z_][\w./:-]{0,80}?)[\"']?[ \t]*(?:[:=]|\?=|:=|[ \t])[ \t]*"
    r"(?:![\w!]+[ \t]+)?(?:\"(?P<double>[^\"\n]{1,400})\"|'(?P<single>[^'\n]{1,400})'|(?P<bare>[^\s\"'#][^\s#\n]{0,400}))"
    r"[ \t]*[,;]?[ \t]*(?:\\|[#;].{0,200})?$",
    re.MULTILINE,
)
_INLINE = re.compile(r"(?<![\w.])-{0,2}(?P<name>[A-Za-z_][\w.-]{1,60})=(?P<bare>[^\s\"'#;,&]{4,200})")
_PAIR = re.compile(
    r"(?:-[ \t]+)?name:[ \t]*[\"']?(?P<name>[\w.-]{1,80})[\"']?[ \t]*\n[ \t]*value:[ \t]*[\"']?(?P<bare>[^\s\"'#]{1,400})[\"']?"
)


def _read(text: str) -> Iterator[Setting]:
    for pattern in (_LINE, _INLINE, _PAIR):
        for match in pattern.finditer(text):
            group = next(key for key in ("double", "single", "bare") if match.groupdict().get(key))
            yield Setting(match["name"], match[group].rstrip(","), *match.span(group))


READER = Reader(
    name="assignments",
    files=(".env", ".envrc", ".ini", ".cfg", ".cnf", ".conf", ".config", ".properties", ".toml", ".yml", ".yaml", ".sh", ".bash",
           ".zsh", ".fish", ".bat", ".cmd", ".tfvars", ".tf", ".hcl", ".prefs", ".settings", ".secret", ".secrets", ".credentials",
           ".service", ".desktop", ".mk", ".rc", ".list", ".dockerfile", ".eml", ".log", ".history", ".bash_history", ".zsh_history",
           ".env.local", "dockerfile", "makefile", ".bashrc", ".zshrc", ".profile", ".bash_profile", ".netrc", ".pypirc", ".npmrc",
           ".s3cfg", ".boto", "credentials", "config", "env", ".env.example", ".env.production", ".env.dev", ".pgpass", ".my.cnf",
           "passwd", "jenkinsfile", ".editorconfig", ".gitconfig", ".git-credentials", "heroku", ".plist", ".esmtprc", ".msmtprc",
           ".muttrc", ".remote-sync", ".ovpn", ".j2", ".tpl", ".template"),
    read=_read,
    source="https://12factor.net/config",
    examples=(
        ("DB_PASSWORD=tulip-44-rain\n", "DB_PASSWORD", "tulip-44-rain"),
        ("db:\n  - password: 's3same 0pen'  # old\n", "password", "s3same 0pen"),
        ("ENV API_TOKEN k3Tz9QpXv7\n", "API_TOKEN", "k3Tz9QpXv7"),
        ("        - name: DB_PASSWORD\n          value: tulip-44-rain\n", "DB_PASSWORD", "tulip-44-rain"),
        ("mysqldump --user=app --password=tulip-44-rain shop\n", "password", "tulip-44-rain"),
        ("# old_secret = k3yForTheDoor\n", "old_secret", "k3yForTheDoor"),
    ),
)  # fmt: skip
