"""Pages about the detectors themselves, made from the rule files: what each finds, why, and what to write instead."""

from typing import TYPE_CHECKING

from flask import Blueprint, render_template

from analyzers.finding import SEVERITIES
from service.kernel.access import principal, public, site
from service.kernel.errors import Missing

if TYPE_CHECKING:
    from service.reviews.detector_list import Detector

pages = Blueprint("detectors", __name__, template_folder="templates")


@pages.get("/detectors")
@public
def detectors_page() -> str:
    """Every detector, worst first."""
    principal()
    found = sorted(_detectors().values(), key=lambda one: (SEVERITIES.index(one.severity), one.name))
    return render_template("reviews/detectors.html", detectors=found)


@pages.get("/detectors/<name>")
@public
def detector_page(name: str) -> str:
    """One detector. Raises Missing for a name that no rule has."""
    principal()
    found = _detectors().get(name)
    if found is None:
        raise Missing(what="detector", name=name)
    return render_template("reviews/detector.html", detector=found)


def _detectors() -> "dict[str, Detector]":
    from service.reviews import detector_list  # libcst and every rule: loaded by the first who looks, not by every start

    return detector_list.installed(site().settings.data) | detector_list.detectors()
