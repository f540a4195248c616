"""Keys as JSON Web Keys, and the tokens of Composer."""

import re

from analyzers.detector import Detector
from analyzers.finding import Confidence
from analyzers.rarity import is_generated


def _generated(match: re.Match[str]) -> Confidence | None:
    return "high" if is_generated(match["secret"]) else None


_BODY = "k3Tz9QpXv7LmW2rB8sYdN4hJfUaEoG6cRiKx1qV5"

DETECTORS = (
    Detector(
        name="json-web-key",
        title="A private or shared JSON Web Key",
        pattern=re.compile(
            r"\"kty\"\s{0,8}:\s{0,8}\"(?:oct\"(?:[^{}\"]|\"[^\"\n]{0,800}\"){0,60}?,\s{0,40}\"k|"
            r"(?:RSA|EC|OKP)\"(?:[^{}\"]|\"[^\"\n]{0,800}\"){0,60}?"
            r",\s{0,40}\"d)\"\s{0,8}:\s{0,8}\"(?P<secret>[A-Za-z0-9_-]{22,700})\""
        ),
        words=('"kty"',),
        source="https://www.rfc-editor.org/rfc/rfc7517",
        flagged=(f'{{"kty": "oct", "alg": "HS256", "k": "{_BODY}"}}',
                 f'{{"kty": "EC", "crv": "P-256", "x": "AA", "y": "BB", "d": "{_BODY}"}}'),
        near_misses=(f'{{"kty": "RSA", "kid": "{_BODY}", "n": "{_BODY}", "e": "AQAB"}}',),
        grade=_generated,
        cwe=321,
    ),
    Detector(
        name="composer-token",
        title="A token of Composer",
        pattern=re.compile(r"\"(?:github-oauth|gitlab-token|gitlab-oauth|bearer)\"\s{0,8}:\s{0,8}\{\s{0,40}\"[^\"\n]{1,200}\"\s{0,8}:\s{0,8}"
                           r"\"(?P<secret>[A-Za-z0-9_-]{16,200})\""),
        words=("github-oauth", "gitlab-token", "gitlab-oauth", '"bearer"'),
        source="https://getcomposer.org/doc/articles/authentication-for-private-packages.md",
        flagged=(f'{{"github-oauth": {{"github.com": "{_BODY}"}}}}',),
        near_misses=('{"github-oauth": {"github.com": "your-token-goes-here"}}',),
        files=(".json",),
        grade=_generated,
    ),
)  # fmt: skip
