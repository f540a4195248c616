"""The variables of a build: what clients need, then what buildspec, caller and service say, later ones winning."""

import contextlib
import json
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

from pipelines.builds.buildspec import NAME, BadBuildspec, LoadedSpec
from pipelines.builds.request import BuildRequest, RegistryAccess
from pipelines.builds.scripts import Places

DEFAULT_FORWARD_PORT = 8642
_USER = "build"
"""The name beside the registry's token, which alone says who asks."""


def forward_port(base_url: str) -> int:
    """The loopback port at which a build finds the registry: the server's own, so that addresses in answers hold."""
    port = urlsplit(base_url).port or DEFAULT_FORWARD_PORT
    return port if port >= 1024 else DEFAULT_FORWARD_PORT


def registry_url(request: BuildRequest) -> str:
    """Where clients in the build reach the server, or "" when the build has no registry."""
    if request.registry is None or request.network == "none":
        return ""
    if request.network == "registry":
        return f"http://127.0.0.1:{forward_port(request.registry.base_url)}"
    return request.registry.base_url


def compose(request: BuildRequest, loaded: LoadedSpec, places: Places, base: Mapping[str, str], started_at: datetime) -> dict[str, str]:
    """All variables of the build. Later ones win: base, clients, buildspec, caller, secrets, the build's own facts.

    Raises BadBuildspec when the buildspec names a secret that the build was not given.
    """
    variables = dict(base)
    url = registry_url(request)
    if url and request.registry:
        variables |= _clients(url, request.registry)
    variables |= loaded.spec.env.variables
    variables |= request.environment
    variables |= request.secrets
    variables |= _spec_secrets(request, loaded)
    variables |= _facts(request, places, started_at)
    return {name: value for name, value in variables.items() if NAME.fullmatch(name) and "\0" not in value}


def secret_texts(request: BuildRequest) -> list[str]:
    """Everything that must not stand in the log: secrets, the values inside those that are JSON, the registry's token."""
    texts = list(request.secrets.values())
    for text in request.secrets.values():
        with contextlib.suppress(ValueError):
            inside = json.loads(text)
            if isinstance(inside, dict):
                texts += [value for value in inside.values() if isinstance(value, str)]
    return [*texts, request.registry.token] if request.registry else texts


def npmrc(request: BuildRequest) -> str:
    """The `.npmrc` of the build's home: npm reads its token from no variable."""
    url = registry_url(request)
    if not url or request.registry is None:
        return ""
    path = f"{url}/npm/{request.registry.domain}/{request.registry.repository}/"
    # Package documents hold absolute addresses; npm replaces those with the registry it was told, so both cases work.
    return (
        f"registry={path}\n"
        f"{path.removeprefix('http:').removeprefix('https:')}:_authToken={request.registry.token}\n"
        "replace-registry-host=always\n"
    )


def netrc(request: BuildRequest) -> str:
    """The `.netrc` of the build's home. pip and uv read it: credentials within an index address would stand in pip's command lines."""
    url = registry_url(request)
    if not url or request.registry is None:
        return ""
    return f"machine {urlsplit(url).hostname} login {_USER} password {request.registry.token}\n"


def _clients(url: str, registry: RegistryAccess) -> dict[str, str]:
    place = f"{registry.domain}/{registry.repository}"
    index = f"{url}/pypi/{place}/simple/"
    return {
        "LOCKGATE_URL": url,
        "LOCKGATE_REGISTRY_TOKEN": registry.token,
        "PIP_INDEX_URL": index,
        "UV_DEFAULT_INDEX": index,
        "TWINE_REPOSITORY_URL": f"{url}/pypi/{place}/",
        "TWINE_USERNAME": _USER,
        "TWINE_PASSWORD": registry.token,
    }


def _spec_secrets(request: BuildRequest, loaded: LoadedSpec) -> dict[str, str]:
    found = {}
    for section in ("parameter-store", "secrets-manager"):
        for variable, reference in getattr(loaded.spec.env, section.replace("-", "_")).items():
            try:
                found[variable] = _secret(request.secrets, reference if section == "secrets-manager" else f"={reference}")
            except KeyError as error:
                raise BadBuildspec(where=f"{loaded.path}, key env.{section}.{variable}", why=str(error.args[0])) from None
    return found


def _secret(secrets: Mapping[str, str], reference: str) -> str:
    """The value of `name` or `name:json-key`; a leading `=` says that the whole reference is the name."""
    name, _, rest = (reference[1:], "", "") if reference.startswith("=") else reference.partition(":")
    if name not in secrets:
        raise KeyError(f"this build has no secret named {name}")
    key = rest.partition(":")[0]
    if not key:
        return secrets[name]
    try:
        value = json.loads(secrets[name])[key]
    except (ValueError, KeyError, TypeError):
        raise KeyError(f"the secret {name} is no JSON object with the key {key}") from None
    return value if isinstance(value, str) else json.dumps(value)


def _facts(request: BuildRequest, places: Places, started_at: datetime) -> dict[str, str]:
    facts = {
        "CODEBUILD_BUILD_ID": request.name,
        "CODEBUILD_BUILD_IMAGE": request.executor,
        "CODEBUILD_BUILD_NUMBER": str(request.build_number),
        "CODEBUILD_BUILD_SUCCEEDING": "1",
        "CODEBUILD_INITIATOR": request.started_by,
        "CODEBUILD_RESOLVED_SOURCE_VERSION": request.source_version,
        "CODEBUILD_SOURCE_VERSION": request.source_version,
        "CODEBUILD_SRC_DIR": places.source,
        "CODEBUILD_START_TIME": str(int(started_at.timestamp() * 1000)),
        "LOCKGATE_BUILD": request.name,
        "LOCKGATE_NETWORK": request.network,
    }
    for name in request.inputs:
        variable = "".join(c if c.isalnum() and c.isascii() else "_" for c in name)
        facts[f"CODEBUILD_SRC_DIR_{variable}"] = f"{places.volume}/inputs/{name}"
    return facts
