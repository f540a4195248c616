"""YAML whose mappings and sequences know their lines."""

from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from analyzers.options import BrokenOptions


def load(name: str, content: bytes) -> Any:
    """The document in a file called `name`. Raises BrokenOptions with its line."""
    try:
        return YAML(typ="rt").load(content)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BrokenOptions([f"{name}:{line}: not YAML: {error.problem or error.context or 'it cannot be read'}"]) from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise BrokenOptions([f"{name}:1: not YAML: {str(error).splitlines()[0][:200]}"]) from None
