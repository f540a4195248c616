"""The door to `detector_list`: libcst and every rule are loaded by the first who asks for a detector, not by every start."""

from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analyzers.sarif import About
    from service.reviews.detector_list import Detector


def every(data: Path) -> "dict[str, Detector]":
    """Our detectors and the rules installed in a data folder, by name; ours win."""
    known = _list()
    found: dict[str, Detector] = known.installed(data) | known.detectors()
    return found


def about(name: str, pages: str = "") -> "About":
    """See detector_list.about."""
    told: About = _list().about(name, pages)
    return told


def _list() -> ModuleType:
    from service.reviews import detector_list

    return detector_list
