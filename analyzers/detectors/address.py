"""Credentials in addresses and connection strings."""

import re

from analyzers.credential import is_filler
from analyzers.detector import Detector
from analyzers.finding import Confidence
from analyzers.rarity import entropy, is_generated

_BODY = "k3Tz9QpXv7LmW2rB8sYdN4hJfUaEoG6cRiKx1qV5wZtD0yMnPbSgHjFlCeIuAoDk"


def _random(match: re.Match[str]) -> Confidence | None:
    return "high" if entropy(match["secret"]) >= 4 else None


def _generated(match: re.Match[str]) -> Confidence | None:
    return "high" if is_generated(match["secret"]) else None


DETECTORS = (
    Detector(
        name="azure-shared-key",
        title="An Azure shared access key or signature",
        pattern=re.compile(
            r"(?:SharedAccessKey=|SharedAccessSignature=|[?&]sig=|InstrumentationKey=|AccessKey=)(?P<secret>[A-Za-z0-9%+/=-]{36,120})"
        ),
        words=("sharedaccess", "sig=", "instrumentationkey=", "accesskey="),
        source="https://learn.microsoft.com/azure/storage/common/storage-sas-overview",
        flagged=(f"Endpoint=sb://a;SharedAccessKey={_BODY[:43]}=",),
        near_misses=("SharedAccessKey=<your key>", "?sig=${SIGNATURE}"),
        grade=_random,
    ),
    Detector(
        name="connection-string-password",
        title="A password in a connection string",
        pattern=re.compile(
            r"(?:[;\"' ](?:password|pwd)|^password)\s{0,2}=\s{0,2}(?P<secret>[^;\"'\s]{4,128})\s{0,2};", re.IGNORECASE | re.MULTILINE
        ),
        words=("password", "pwd"),
        source="https://learn.microsoft.com/dotnet/framework/data/adonet/connection-string-syntax",
        prior=0.7,
        flagged=('"Server=db;User Id=sa;Password=tulip-44-rain;"',),
        near_misses=('"Server=db;Password={0};"', '"Server=db;Password=your_password;"', "password = value;"),
        grade=lambda match: (
            "high"
            if any(c.isdigit() for c in match["secret"])
            and not is_filler(match["secret"])
            and not re.search(r"[(){}\[\]]", match["secret"])
            else None
        ),
        files=(
            ".config",
            ".json",
            ".cs",
            ".xml",
            ".env",
            ".ini",
            ".yml",
            ".yaml",
            ".ps1",
            ".properties",
            ".vb",
            ".udl",
            ".pubxml",
            ".txt",
            ".bat",
            ".md",
        ),
    ),
    Detector(
        name="token-in-address",
        title="A token in an address",
        pattern=re.compile(
            r"https?://[^\s\"'<>?]{3,200}\?[^\s\"'<>]{0,200}?\b(?:access_token|api_?key|token|apikey|auth|"
            r"key|secret|password)=(?P<secret>[A-Za-z0-9._~%+/-]{16,300})"
        ),
        words=("token=", "key=", "auth=", "secret=", "password="),
        source="https://cwe.mitre.org/data/definitions/598.html",
        prior=0.7,
        flagged=("https://api.acme.io/v1?api_key=k3Tz9QpXv7LmW2rB8sYdN4hJ",),
        near_misses=("https://acme.io/?token=your_token_goes_here", "https://acme.io/?key=value"),
        grade=_generated,
    ),
    Detector(
        name="azure-devops-token",
        title="An Azure DevOps or Teams webhook address",
        pattern=re.compile(
            r"https://[\w-]{1,60}\.webhook\.office\.com/webhookb2/[0-9a-f@-]{70,80}/IncomingWebhook/(?P<secret>[0-9a-f]{32})"
        ),
        words=("webhook.office.com",),
        source="https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook",
        severity="medium",
        flagged=(
            ("https://acme.webhook.office.com/webhookb2/"
            "9f8e7d6c-5b4a-3928-1706-f5e4d3c2b1a0@9f8e7d6c-5b4a-3928-1706-f5e4d3c2b1a0"
            "/IncomingWebhook/9f8e7d6c5b4a39281706f5e4d3c2b1a0"),
        ),
        near_misses=("https://acme.webhook.office.com/webhookb2/{id}/IncomingWebhook/{key}",),
    ),
)
