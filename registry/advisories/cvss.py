"""The base score of a CVSS 3.0 or 3.1 vector (https://www.first.org/cvss/v3.1/specification-document, chapter 7.1)."""

import math

_WEIGHTS = {
    "AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2}, "AC": {"L": 0.77, "H": 0.44}, "UI": {"N": 0.85, "R": 0.62},
    "C": {"H": 0.56, "L": 0.22, "N": 0.0}, "I": {"H": 0.56, "L": 0.22, "N": 0.0}, "A": {"H": 0.56, "L": 0.22, "N": 0.0},
}
_PRIVILEGES = {"U": {"N": 0.85, "L": 0.62, "H": 0.27}, "C": {"N": 0.85, "L": 0.68, "H": 0.5}}


def base_score(vector: str) -> float:
    """0.0 to 10.0; 0.0 also for what is no whole CVSS 3 vector."""
    if not vector.startswith(("CVSS:3.0/", "CVSS:3.1/")):
        return 0.0
    told = dict(part.partition(":")[::2] for part in vector.split("/")[1:])
    try:
        scope = told["S"]
        privileges = _PRIVILEGES[scope][told["PR"]]
        weight = {name: values[told[name]] for name, values in _WEIGHTS.items()}
    except KeyError:
        return 0.0
    loss = 1 - (1 - weight["C"]) * (1 - weight["I"]) * (1 - weight["A"])
    impact = 6.42 * loss if scope == "U" else 7.52 * (loss - 0.029) - 3.25 * (loss - 0.02) ** 15
    if impact <= 0:
        return 0.0
    exploitability = 8.22 * weight["AV"] * weight["AC"] * privileges * weight["UI"]
    return _round_up(min((impact + exploitability) * (1.0 if scope == "U" else 1.08), 10))


def severity(score: float) -> str:
    """The words npm has for a score: low, moderate, high, critical."""
    return "critical" if score >= 9 else "high" if score >= 7 else "moderate" if score >= 4 else "low"


def _round_up(value: float) -> float:
    # The specification's own way, so that 4.000001 from floating point does not become 4.1.
    whole = round(value * 100_000)
    return whole / 100_000 if whole % 10_000 == 0 else (math.floor(whole / 10_000) + 1) / 10
