"""Keys of Amazon Web Services."""

import re

from analyzers.detector import Detector
from analyzers.finding import Confidence
from analyzers.rarity import entropy

_ENTROPY_MIN = 4.0


def _random(match: re.Match[str]) -> Confidence | None:
    return "high" if entropy(match["secret"]) >= _ENTROPY_MIN else None


DETECTORS = (
    Detector(
        name="aws-access-key-id",
        title="An AWS access key id",
        pattern=re.compile(r"(?<![A-Za-z0-9])(?P<secret>(?:AKIA|ASIA)[A-Z2-7]{16})(?![A-Za-z0-9])"),
        words=("akia", "asia"),
        source="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html",
        flagged=('key = "AKIA' + 'QYLPMN5HHHFPZAM2"', "aws_access_key_id = ASIA" + "2TJ4XQZNWYPLK7RD"),
        near_misses=('key = "AKIA' + 'IOSFODNN7EXAMPLE"', 'name = "AKIASHORT"', "XAKIA" + "QYLPMN5HHHFPZAM2"),
    ),
    Detector(
        name="aws-secret-access-key",
        title="An AWS secret access key",
        pattern=re.compile(
            r"aws.{0,20}?(?:secret|sk|key).{0,20}?"
            r"(?:[=:]\s{0,5}|(?<=access_key)[ \t]{1,4})[\"']?(?P<secret>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])",
            re.IGNORECASE,
        ),
        words=("aws",),
        source="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html",
        flagged=("aws_secret_access_key = k3Tz9QpXv7+LmW2" + "rB8/sYdN4hJfUaEoG6cRiKx1q",
                 "aws configure set aws_secret_access_key k3Tz9QpXv7+LmW2" + "rB8/sYdN4hJfUaEoG6cRiKx1q"),
        near_misses=(
            "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG" + "/bPxRfiCYEXAMPLEKEY",
            "aws_commit_key = " + "0" * 40,
            'aws_secret_access_key = "${SECRET}"',
        ),
        grade=_random,
    ),
)
