"""Private keys in PEM form."""

import re

from analyzers.detector import Detector
from analyzers.finding import Confidence


def _encrypted(match: re.Match[str]) -> Confidence | None:
    return "medium" if "ENCRYPTED" in match.group() else "high"


_HEAD = "-----BEGIN "
_BODY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7"

DETECTORS = (
    Detector(
        name="private-key",
        title="A private key",
        pattern=re.compile(
            r"-----BEGIN (?P<kind>[A-Z0-9]{1,12} |ENCRYPTED |OPENSSH )?PRIVATE KEY(?: BLOCK)?-----"
            r"(?:\\[rn]?|[\s\"'+#|>]){0,60}+(?:[A-Za-z-]{1,40}: [^\n]{0,200}\n){0,8}\s{0,8}(?P<secret>[A-Za-z0-9+/]{40,}+={0,2})"
            r"(?![.\u2026])"
        ),
        words=("private key",),
        source="https://www.rfc-editor.org/rfc/rfc7468",
        flagged=(
            f"{_HEAD}PRIVATE KEY-----\n{_BODY}\n-----END PRIVATE KEY-----",
            f"{_HEAD}OPENSSH PRIVATE KEY-----\n{_BODY}\n",
            f'{{"private_key": "{_HEAD}PRIVATE KEY-----\\n{_BODY}\\n"}}',
        ),
        near_misses=(
            f"{_HEAD}PUBLIC KEY-----\n{_BODY}\n",
            f'if "{_HEAD}PRIVATE KEY-----" in text: ...',
            f"{_HEAD}CERTIFICATE-----\n{_BODY}\n",
            f"For example {_HEAD}RSA PRIVATE KEY----- {_BODY}. -----END RSA PRIVATE KEY-----",
        ),
        grade=_encrypted,
        cwe=321,
    ),
    Detector(
        name="openvpn-static-key",
        title="A static key of OpenVPN",
        pattern=re.compile(r"-----BEGIN OpenVPN Static key V1-----\s{1,8}(?P<secret>[0-9a-fA-F]{32})"),
        words=("openvpn static key",),
        source="https://openvpn.net/community-resources/static-key-mini-howto/",
        flagged=(f"{_HEAD}OpenVPN Static key V1-----\n9f8e7d6c5b4a39281706f5e4d3c2b1a0\n",),
        near_misses=(f"{_HEAD}OpenVPN Static key V1-----\n...\n",),
        cwe=321,
    ),
)
