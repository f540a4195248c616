"""Variables of a pipeline: `#{variables.NAME}` and `#{action.NAME}` in a configuration, filled when it begins."""

import re
from collections.abc import Mapping
from typing import Any

from service.kernel.errors import Malformed

REFERENCE = re.compile(r"#\{([A-Za-z0-9_-]+)\.([A-Za-z_][A-Za-z0-9_]*)\}")
Namespaces = Mapping[str, Mapping[str, str]]


class UnknownVariable(Malformed):
    """A reference to a variable that nobody set."""

    says = "#{{{namespace}.{name}}} is not set: {why}"


def fill(value: Any, namespaces: Namespaces) -> Any:
    """`value` with every reference in its texts replaced; mappings and lists are walked. Raises UnknownVariable."""
    if isinstance(value, str):
        return REFERENCE.sub(lambda found: _lookup(found[1], found[2], namespaces), value)
    if isinstance(value, dict):
        return {key: fill(item, namespaces) for key, item in value.items()}
    if isinstance(value, list):
        return [fill(item, namespaces) for item in value]
    return value


def references(value: Any) -> set[tuple[str, str]]:
    """Every (namespace, name) that the texts in `value` refer to."""
    if isinstance(value, str):
        return {(found[1], found[2]) for found in REFERENCE.finditer(value)}
    if isinstance(value, dict):
        return set().union(*(references(item) for item in value.values()))
    if isinstance(value, list):
        return set().union(*(references(item) for item in value))
    return set()


def _lookup(namespace: str, name: str, namespaces: Namespaces) -> str:
    if namespace not in namespaces:
        raise UnknownVariable(namespace=namespace, name=name, why=f"there is no action {namespace} before this one")
    if name not in namespaces[namespace]:
        raise UnknownVariable(namespace=namespace, name=name, why=f"{namespace} has no variable {name}")
    return namespaces[namespace][name]
