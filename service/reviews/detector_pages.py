"""Pages about the detectors themselves, made from the rule files: what each finds, why, and what to write instead."""

from flask import Blueprint, render_template

from analyzers.finding import SEVERITIES
from service.kernel.access import principal, public, site
from service.kernel.errors import Missing
from service.reviews import detectors_asked

pages = Blueprint("detectors", __name__, template_folder="templates")


@pages.get("/detectors")
@public
def detectors_page() -> str:
    """Every detector, worst first."""
    principal()
    found = sorted(detectors_asked.every(site().settings.data).values(), key=lambda one: (SEVERITIES.index(one.severity), one.name))
    return render_template("reviews/detectors.html", detectors=found)


@pages.get("/detectors/<name>")
@public
def detector_page(name: str) -> str:
    """One detector. Raises Missing for a name that no rule has."""
    principal()
    found = detectors_asked.every(site().settings.data).get(name)
    if found is None:
        raise Missing(what="detector", name=name)
    return render_template("reviews/detector.html", detector=found)
