"""`NAME=value` and `name: value`, one a line: .env, shell, INI, properties, TOML, YAML, Dockerfiles and their like."""

import re
from bisect import bisect_right
from collections.abc import Iterator

from analyzers.setting import Reader, Setting

_LINE = re.compile(
    r"^[ \t>#;/*]{0,40}(?:(?:export|set(?:[ \t]+-[A-Za-z]{1,3})?|"
    r"setenv|declare -x|ENV|ARG|local|readonly|var|-)[ \t]+){0,2}(?:[A-Z]+[ \t]+)?"
    r"[\"':@]?(?P<name>[A-Za-z_][\w./:-]{0,80}?)[\"']?[ \t]*(?:=>|:=|\?=|[:=]|[ \t])[ \t]*"
    r"(?:![\w!]+[ \t]+)?(?:\"{3}(?P<triple>[^\"\n]{1,400})\"{3}|\"(?P<double>[^\"\n]{1,400})\"|'(?P<single>[^'\n]{1,400})'|"
    r"(?P<bare>[^\s\"'#][^\s]{0,400}))"
    r"[ \t]*[,;]?[ \t]*(?:\\|[#;].{0,200})?$",
    re.MULTILINE,
)
_INLINE = re.compile(r"(?<![\w.])-{0,2}(?P<name>[A-Za-z_][\w.-]{1,60})=(?:'(?P<single>[^'\s]{4,200})'|"
                     r"(?P<bare>[^\s\"'#;,&][^\s\"';,&]{3,200}))")
_WITHIN = re.compile(r"[A-Za-z_]\w{1,60}=(?=\S{4})")
"""An assignment as a value: `Environment=DB_PASSWORD=…` of systemd, `--from-literal=password=…` of kubectl."""
_QUOTED = re.compile(r"(?<![\w.$-])(?P<name>[A-Za-z_][\w.-]{2,60})[ \t]{0,2}:?=[ \t]{0,2}(?:\"(?P<double>[^\"\n]{4,200})\"|"
                     r"'(?P<single>[^'\n]{4,200})')")
_CHILD = re.compile(r"^[ \t]{0,40}(?P<name>[A-Za-z][\w-]{2,60}):[ \t]*\n[ \t]{1,40}key:[ \t]*[\"']?(?P<bare>[^\s\"'#]{8,400})"
                    r"[\"']?[ \t]*$", re.MULTILINE)
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
    for pattern in (_LINE, _INLINE, _QUOTED, _CHILD, _PAIR, _FLAG, _VARIABLE):
        for match in pattern.finditer(text):
            group = next(key for key in ("triple", "double", "single", "bare") if match.groupdict().get(key))
            value, start, name = match[group].rstrip(","), match.start(group), match["name"]
            if default := _DEFAULT.fullmatch(value):
                value, start = default["default"], start + default.start("default")
            if inner := _WITHIN.match(value):
                name, value, start = inner.group()[:-1], value[inner.end() :], start + inner.end()
            if pattern is _CHILD:
                name = f"{name}_key"
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
           ".muttrc", "muttrc", "hosts", "inventory", ".remote-sync", ".ovpn", ".http", ".rest", ".users", ".netrc", ".ks", ".ps1",
           ".sls", ".eyaml", ".nomad", ".odc", ".j2", ".tpl", ".template"),
    nameless=True,
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
        ("Environment=DB_PASSWORD=tulip-44-rain\n", "DB_PASSWORD", "tulip-44-rain"),
        ('  password => "tulip-44-rain"\n', "password", "tulip-44-rain"),
        ('BORG_PASSPHRASE="tulip-44-rain" borg create ::x\n', "BORG_PASSPHRASE", "tulip-44-rain"),
        ("ann Cleartext-Password := 'tulip-44-rain'\n", "Cleartext-Password", "tulip-44-rain"),
        ("encryption:\n  key: k3Tz9QpXv7\n", "encryption_key", "k3Tz9QpXv7"),
        (":rubygems_api_key: k3Tz9QpXv7\n", "rubygems_api_key", "k3Tz9QpXv7"),
        ("# old_secret = k3yForTheDoor\n", "old_secret", "k3yForTheDoor"),
    ),
)  # fmt: skip
