"""Credentials in HTTP headers and in files that hold such headers."""

import base64
import binascii
import re

from analyzers.credential import is_filler, is_mixed, is_plausible
from analyzers.detector import Detector
from analyzers.finding import Confidence
from analyzers.rarity import is_generated


def _basic(match: re.Match[str]) -> Confidence | None:
    try:
        user, _, password = base64.b64decode(match["secret"] + "==").decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    fine = user.isprintable() and len(password) >= 4 and is_plausible(password) and not is_filler(password) and password != user
    return ("high" if is_mixed(password) else "medium") if fine else None


def _generated(match: re.Match[str]) -> Confidence | None:
    return "high" if is_generated(match["secret"]) else None


def _no_csrf(match: re.Match[str]) -> Confidence | None:
    """Tokens against forged requests live as long as a session."""
    return None if re.search(r"[cx]srf|idempotency|continuation", match.group(), re.IGNORECASE) else _generated(match)


DETECTORS = (
    Detector(
        name="basic-authorization",
        title="A user name and password (Basic)",
        pattern=re.compile(
            r"(?:\bBasic\s+|[\"']?\b_?auth[\"']?\s{0,4}[:=]\s{0,4}[\"']?)(?P<secret>[A-Za-z0-9+/]{8,400}={0,2})(?![A-Za-z0-9+/=])"
        ),
        words=("basic", "auth"),
        source="https://www.rfc-editor.org/rfc/rfc7617",
        flagged=(
            "Authorization: Basic " + base64.b64encode(b"ann:tulip-44-rain").decode(),
            '{"auths": {"r.acme.io": {"auth": "' + base64.b64encode(b"ann:tulip-44-rain").decode() + '"}}}',
        ),
        near_misses=(
            "Authorization: Basic " + base64.b64encode(b"user:password").decode(),
            "Basic authentication",
            "Authorization: Basic dXNlcg==",
        ),
        grade=_basic,
        prior=0.8,
        nested=False,
    ),
    Detector(
        name="bearer-authorization",
        title="A bearer token",
        pattern=re.compile(r"(?:\bBearer|\bApiKey|\btoken)\s+(?P<secret>[A-Za-z0-9._~+/-]{20,500}=*)", re.IGNORECASE),
        words=("bearer", "apikey ", "token "),
        source="https://www.rfc-editor.org/rfc/rfc6750",
        flagged=("Authorization: Bearer k3Tz9QpXv7LmW2rB8sYdN4hJ",),
        near_misses=("Authorization: Bearer ${TOKEN}", "Bearer authentication_is_needed_here", "bearer xxxxxxxxxxxxxxxxxxxxxxxx"),
        grade=_generated,
        prior=0.7,
    ),
    Detector(
        name="key-header",
        title="A key in an HTTP header",
        pattern=re.compile(
            r"(?<![\w-])(?:x(?:-[a-z]{2,20}){0,4}-(?:key|token|secret|auth|apikey)|private-token|job-token|deploy-token|api-key|apikey)"
            r"[\"']?(?:\s{0,4}[:=,]\s{0,4}|\s{1,4})[\"']?(?P<secret>[A-Za-z0-9._~+/-]{16,300}={0,2})(?![\w(])",
            re.IGNORECASE,
        ),
        words=("x-", "-token", "api-key", "apikey"),
        source="https://swagger.io/docs/specification/v3_0/authentication/api-keys/",
        flagged=("X-Api-Key: k3Tz9QpXv7LmW2rB8sYdN4hJ", "curl -H 'PRIVATE-TOKEN: k3Tz9QpXv7LmW2rB8sYdN4hJ'",
                 '"x-acme-auth-token": "k3Tz9QpXv7LmW2rB8sYdN4hJ"'),
        near_misses=("X-Api-Key: ${API_KEY}", "x-csrf-token: k3Tz9QpXv7LmW2rB8sYdN4hJ",
                     "X-Api-Key: your-api-key-goes-here", "x-request-key-lifetime-in-seconds"),
        grade=_no_csrf,
        prior=0.7,
    ),
)
