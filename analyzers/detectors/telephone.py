"""Keys of services that telephone and send messages."""

import re

from analyzers.detector import Detector

_HEX = "9f8e7d6c5b4a39281706f5e4d3c2b1a0"
_TOKEN = _HEX[16:] + _HEX[:16]

DETECTORS = (
    Detector(
        name="twilio-auth-token",
        title="A Twilio auth token",
        pattern=re.compile(r"\bAC[0-9a-f]{32}[\"'`]?\s{0,4}[:,]\s{0,8}[\"'`]?(?P<secret>[0-9a-f]{32})(?![0-9A-Za-z])"),
        words=("ac",),
        source="https://www.twilio.com/docs/iam/api/authtoken",
        flagged=(f"twilio('AC{_HEX}', '{_TOKEN}')", f"curl -u AC{_HEX}:{_TOKEN} https://api.twilio.com"),
        near_misses=(f"TWILIO_ACCOUNT_SID=AC{_HEX}", f"Client('AC{_HEX}', token)"),
    ),
)
