"""The order in which a developer should look at findings.

First order, stated plainly: severity x confidence x the rule's prior, each between 0 and 1. Nothing here has been
learned from data yet; a learned ranker takes this function's place and keeps its signature.
"""

from analyzers.finding import Confidence, Severity

SEVERITY_WEIGHT: dict[Severity, float] = {"critical": 1.0, "high": 0.8, "medium": 0.5, "low": 0.25, "info": 0.1}
CONFIDENCE_WEIGHT: dict[Confidence, float] = {"high": 1.0, "medium": 0.75, "low": 0.4}


def rank(severity: Severity, confidence: Confidence, prior: float) -> float:
    """How much a finding deserves a developer's time, 0 to 1; `prior` is the rule's share of findings worth a change."""
    return round(SEVERITY_WEIGHT[severity] * CONFIDENCE_WEIGHT[confidence] * prior, 4)
