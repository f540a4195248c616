"""The configuration files of package clients: what `lockgate login` writes into each, as pure functions over their text.

Whatever else a file holds stays as it was, comments included; logging in again replaces only what an earlier login wrote.
"""

import io
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from ruamel.yaml import YAML

from service.kernel.errors import Malformed

USER = "__token__"
NAME = "lockgate"
_BEGIN, _END = "# >>> lockgate login", "# <<< lockgate login"


@dataclass(frozen=True)
class Target:
    """A package repository on a server, and the token to use there."""

    server: str
    """Without a slash at the end."""
    token: str
    domain: str = "default"
    repository: str = "main"
    scope: str = ""
    """An npm scope with its `@`, or "" for all packages."""

    def url(self, kind: str, rest: str = "") -> str:
        """The repository's URL for a kind of client."""
        return f"{self.server}/{kind}/{self.domain}/{self.repository}/{rest}"

    def with_token(self, url: str) -> str:
        """The URL with the token inside."""
        scheme, _, rest = url.partition("://")
        return f"{scheme}://{USER}:{quote(self.token, safe='')}@{rest}"

    @property
    def is_plain(self) -> bool:
        """Whether the token would travel unencrypted to another machine."""
        parts = urlsplit(self.server)
        return parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Edit:
    """A file and its new text."""

    path: Path
    text: str


@dataclass(frozen=True)
class Plan:
    """What one login writes, and what the reader does next."""

    edits: tuple[Edit, ...]
    then: str


def pip(target: Target, home: Path, env: Mapping[str, str]) -> Plan:
    """pip.conf: the index."""
    path = Path(env.get("PIP_CONFIG_FILE") or _config(home, env) / "pip" / "pip.conf")
    text = set_key(_read(path), "global", "index-url", target.with_token(target.url("pypi", "simple/")))
    if target.is_plain:
        text = set_key(text, "global", "trusted-host", urlsplit(target.server).netloc)
    return Plan((Edit(path, text),), "pip install PACKAGE")


def uv(target: Target, home: Path, env: Mapping[str, str]) -> Plan:
    """uv.toml: the default index. Raises Malformed when the file already has another default."""
    path = Path(env.get("UV_CONFIG_FILE") or _config(home, env) / "uv" / "uv.toml")
    block = (
        f'[[index]]\nname = "{NAME}"\nurl = "{target.with_token(target.url("pypi", "simple/"))}"\n'
        f'publish-url = "{target.with_token(target.url("pypi"))}"\ndefault = true'
    )
    kept = _without_block(_read(path))
    try:
        indexes = tomllib.loads(kept).get("index", [])
    except tomllib.TOMLDecodeError as error:
        raise Malformed(where=str(path), why=str(error)) from None
    if any(one.get("default") for one in indexes):
        raise Malformed(where=str(path), why="names a default index of its own; remove its `default = true` first")
    return Plan((Edit(path, _with_block(kept, block)),), f"uv pip install PACKAGE, or uv publish --index {NAME}")


def twine(target: Target, home: Path, env: Mapping[str, str]) -> Plan:
    """.pypirc: a named index to upload to."""
    path = Path(env.get("TWINE_CONFIG_FILE") or home / ".pypirc")
    text = _read(path)
    known = (get_key(text, "distutils", "index-servers") or "").split()
    if NAME not in known:
        text = set_key(text, "distutils", "index-servers", "".join(f"\n    {name}" for name in [*known, NAME]))
    for key, value in (("repository", target.url("pypi")), ("username", USER), ("password", target.token.replace("%", "%%"))):
        text = set_key(text, NAME, key, value)
    return Plan((Edit(path, text),), f"twine upload --repository {NAME} dist/*")


def poetry(target: Target, home: Path, env: Mapping[str, str]) -> Plan:
    """auth.toml: the credentials; the project itself names the source."""
    folder = Path(env.get("POETRY_CONFIG_DIR") or _config(home, env) / "pypoetry")
    path = folder / "auth.toml"
    block = f'[http-basic.{NAME}]\nusername = "{USER}"\npassword = "{target.token}"'
    then = f"poetry source add --priority=primary {NAME} {target.url('pypi', 'simple/')}, then poetry add PACKAGE"
    return Plan((Edit(path, _with_block(_without_block(_read(path)), block)),), then)


def npm(target: Target, home: Path, env: Mapping[str, str]) -> Plan:
    """.npmrc: registry and token; pnpm and yarn 1 read the same file."""
    path = Path(env.get("NPM_CONFIG_USERCONFIG") or env.get("npm_config_userconfig") or home / ".npmrc")
    registry = target.url("npm")
    text = set_key(_read(path), "", f"{target.scope}:registry" if target.scope else "registry", registry)
    text = set_key(text, "", f"{registry.partition(':')[2]}:_authToken", target.token)
    return Plan((Edit(path, text),), "npm install PACKAGE, or npm publish")


def yarn(target: Target, home: Path, _env: Mapping[str, str]) -> Plan:
    """.yarnrc.yml of yarn 2 and later; a scope is exempt from its age gate, which would hold back what was published today."""
    path = home / ".yarnrc.yml"
    yaml = YAML()
    document = yaml.load(_read(path)) or {}
    mine = {"npmRegistryServer": target.url("npm"), "npmAuthToken": target.token, "npmAlwaysAuth": True}
    if target.scope:
        document.setdefault("npmScopes", {})[target.scope.removeprefix("@")] = mine
        approved = document.setdefault("npmPreapprovedPackages", [])
        if f"{target.scope}/*" not in approved:
            approved.append(f"{target.scope}/*")
    else:
        document.update(mine)
    host = urlsplit(target.server).hostname or ""
    if target.server.startswith("http://") and host not in document.setdefault("unsafeHttpWhitelist", []):
        document["unsafeHttpWhitelist"].append(host)
    out = io.StringIO()
    yaml.dump(document, out)
    return Plan((Edit(path, out.getvalue()),), "yarn add PACKAGE")


def git(target: Target, home: Path, env: Mapping[str, str]) -> Plan:
    """.gitconfig and git's credential store."""
    config = Path(env.get("GIT_CONFIG_GLOBAL") or home / ".gitconfig")
    store = home / ".git-credentials"
    text = set_key(_read(config), f'credential "{target.server}"', "helper", "store", indent="\t")
    host = urlsplit(target.server).netloc
    others = [line for line in _read(store).splitlines() if urlsplit(line).netloc.rpartition("@")[2] != host]
    lines = [*others, target.with_token(target.server)]
    return Plan((Edit(config, text), Edit(store, "\n".join(lines) + "\n")), f"git clone {target.server}/git/REPOSITORY")


def set_key(text: str, section: str, key: str, value: str, *, indent: str = "") -> str:
    """INI text with a key set in a section ("": before the first one); everything else stays as it is."""
    lines = text.splitlines()
    start, end = _section(lines, section)
    line = f"{indent}{key} = {value}" if section else f"{key}={value}"
    if start is None:
        return "\n".join([*lines, *([""] if lines else []), f"[{section}]", line]) + "\n"
    at, after = _key(lines, start, end, key)
    lines[at:after] = [line]
    return "\n".join(lines) + "\n"


def get_key(text: str, section: str, key: str) -> str | None:
    """A key's value, continuation lines included."""
    lines = text.splitlines()
    start, end = _section(lines, section)
    if start is None:
        return None
    at, after = _key(lines, start, end, key)
    if at == after:
        return None
    return "\n".join([lines[at].partition("=")[2], *lines[at + 1 : after]])


def _section(lines: list[str], section: str) -> tuple[int | None, int]:
    heads = [at for at, line in enumerate(lines) if line.startswith("[")]
    if not section:
        return 0, heads[0] if heads else len(lines)
    for at in heads:
        if lines[at].strip() == f"[{section}]":
            return at + 1, next((other for other in heads if other > at), len(lines))
    return None, 0


def _key(lines: list[str], start: int, end: int, key: str) -> tuple[int, int]:
    """Where the key's lines are; an empty place at the section's end when it has none."""
    pattern = re.compile(rf"\s*{re.escape(key)}\s*[=:]" if not key.startswith("//") else rf"{re.escape(key)}\s*=")
    for at in range(start, end):
        if pattern.match(lines[at]):
            after = at + 1
            while after < end and lines[after][:1] in (" ", "\t") and lines[after].strip() and "=" not in lines[after]:
                after += 1
            return at, after
    while end > start and not lines[end - 1].strip():
        end -= 1
    return end, end


def _with_block(text: str, block: str) -> str:
    kept = text.rstrip("\n")
    return f"{kept}\n\n{_BEGIN}\n{block}\n{_END}\n".lstrip("\n")


def _without_block(text: str) -> str:
    return re.sub(rf"\n*{re.escape(_BEGIN)}\n.*?{re.escape(_END)}\n?", "\n", text, flags=re.DOTALL)


def _config(home: Path, env: Mapping[str, str]) -> Path:
    return Path(env.get("XDG_CONFIG_HOME") or home / ".config")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
