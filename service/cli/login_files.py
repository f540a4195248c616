"""The configuration files of package clients: what `lockgate login` writes into each, as pure functions over their text.

Whatever else a file holds stays as it was, comments included; logging in again replaces only what an earlier login wrote.
"""

import io
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from ruamel.yaml import YAML

from service.kernel.errors import Malformed

USER = "__token__"
NAME = "lockgate"
YARN_WAITS = (
    "yarn does not take what was published within the last day (npmMinimalAgeGate). Log in with --scope @NAME to except your own "
    "scope; a login for all packages leaves the wait as it is."
)
PNPM_WAITS = (
    "pnpm passes by what was published within the last day and takes an older version instead (minimumReleaseAge). Log in with "
    "--scope @NAME to except your own scope; a login for all packages leaves the wait as it is."
)
SCOPE_EXEMPT = "Packages of {scope} are taken as soon as they are published; for all others the client's wait of a day stays."
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
    note: str = ""
    """What the reader must know about the client's own defaults."""


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
    """auth.toml and config.toml: the credentials, and where to publish; the project itself names the source to install from."""
    folder = Path(env.get("POETRY_CONFIG_DIR") or _config(home, env) / "pypoetry")
    path = folder / "auth.toml"
    block = f'[http-basic.{NAME}]\nusername = "{USER}"\npassword = "{target.token}"'
    source = f"poetry source add --priority=primary {NAME} {target.url('pypi', 'simple/')}"
    then = f"{source}, then poetry add PACKAGE; poetry publish --repository {NAME}"
    publishing = folder / "config.toml"
    text = set_key(_read(publishing), f"repositories.{NAME}", "url", f'"{target.url("pypi")}"')
    return Plan((Edit(path, _with_block(_without_block(_read(path)), block)), Edit(publishing, text)), then)


def pdm(target: Target, home: Path, env: Mapping[str, str]) -> Plan:
    """config.toml of pdm: the index and the repository to publish to."""
    path = Path(env.get("PDM_CONFIG_FILE") or _config(home, env) / "pdm" / "config.toml")
    text = _read(path)
    for section, url in (("pypi", target.url("pypi", "simple/")), (f"repository.{NAME}", target.url("pypi"))):
        for key, value in (("url", url), ("username", USER), ("password", target.token)):
            text = set_key(text, section, key, f'"{value}"')
    return Plan((Edit(path, text),), f"pdm add PACKAGE, or pdm publish --repository {NAME}")


def hatch(target: Target, home: Path, env: Mapping[str, str]) -> Plan:
    """config.toml of hatch: where it publishes to. It installs with uv or pip: log those in too."""
    path = Path(env.get("HATCH_CONFIG") or _config(home, env) / "hatch" / "config.toml")
    text = set_key(_read(path), "publish.index", "repo", f'"{NAME}"')
    for key, value in (("url", target.url("pypi")), ("user", USER), ("auth", target.token)):
        text = set_key(text, f"publish.index.repos.{NAME}", key, f'"{value}"')
    return Plan((Edit(path, text),), "hatch build && hatch publish; for installing also: lockgate login uv")


def npm(target: Target, home: Path, env: Mapping[str, str]) -> Plan:
    """.npmrc: registry and token."""
    path = Path(env.get("NPM_CONFIG_USERCONFIG") or env.get("npm_config_userconfig") or home / ".npmrc")
    registry = target.url("npm")
    text = set_key(_read(path), "", f"{target.scope}:registry" if target.scope else "registry", registry)
    text = set_key(text, "", f"{registry.partition(':')[2]}:_authToken", target.token)
    return Plan((Edit(path, text),), "npm install PACKAGE, or npm publish")


def yarn_classic(target: Target, home: Path, env: Mapping[str, str]) -> Plan:
    """The same .npmrc for yarn 1, which sends a token for packages without a scope only when it is told to."""
    plan = npm(target, home, env)
    [edit] = plan.edits
    text = set_key(edit.text, "", f"{target.url('npm').partition(':')[2]}:always-auth", "true")
    edits: tuple[Edit, ...] = (Edit(edit.path, text),)
    if not target.scope:
        # `yarn publish` goes to the registry of this file and not to that of .npmrc.
        path = home / ".yarnrc"
        lines = [line for line in _read(path).splitlines() if not line.startswith("registry ")]
        edits += (Edit(path, "\n".join([*lines, f'registry "{target.url("npm")}"']) + "\n"),)
    return Plan(edits, "yarn add PACKAGE, or yarn publish")


def pnpm(target: Target, home: Path, env: Mapping[str, str]) -> Plan:
    """.npmrc for pnpm, and for a scope an exception from the day that pnpm waits before it takes what is new."""
    plan = npm(target, home, env)
    if not target.scope:
        return Plan(plan.edits, "pnpm add PACKAGE, or pnpm publish", PNPM_WAITS)
    path = _config(home, env) / "pnpm" / "config.yaml"
    document = YAML().load(_read(path)) or {}
    _add(document, "minimumReleaseAgeExclude", f"{target.scope}/*")
    return Plan((*plan.edits, Edit(path, _yaml(document))), "pnpm add PACKAGE, or pnpm publish", SCOPE_EXEMPT.format(scope=target.scope))


def yarn(target: Target, home: Path, _env: Mapping[str, str]) -> Plan:
    """.yarnrc.yml of yarn 2 and later; a scope is exempt from its age gate, which would hold back what was published today."""
    path = home / ".yarnrc.yml"
    document = YAML().load(_read(path)) or {}
    # Without a registry to publish to, yarn sends a scope's packages to the public one.
    registry = target.url("npm")
    mine = {"npmRegistryServer": registry, "npmPublishRegistry": registry, "npmAuthToken": target.token, "npmAlwaysAuth": True}
    if target.scope:
        document.setdefault("npmScopes", {})[target.scope.removeprefix("@")] = mine
        _add(document, "npmPreapprovedPackages", f"{target.scope}/*")
    else:
        document.update(mine)
    host = urlsplit(target.server).hostname or ""
    if target.server.startswith("http://"):
        _add(document, "unsafeHttpWhitelist", host)
    waits = SCOPE_EXEMPT.format(scope=target.scope) if target.scope else YARN_WAITS
    return Plan((Edit(path, _yaml(document)),), "yarn add PACKAGE, or yarn npm publish", waits)


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


def _add(document: Any, key: str, value: str) -> None:
    """Adds a value to a list in a YAML document, once."""
    if value not in document.setdefault(key, []):
        document[key].append(value)


def _yaml(document: Any) -> str:
    out = io.StringIO()
    YAML().dump(document, out)
    return out.getvalue()


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
