"""Credentials in addresses and connection strings."""

import re

from analyzers.credential import grade
from analyzers.detector import Detector
from analyzers.finding import Confidence
from analyzers.rarity import entropy, is_generated

_BODY = "k3Tz9QpXv7LmW2rB8sYdN4hJfUaEoG6cRiKx1qV5wZtD0yMnPbSgHjFlCeIuAoDk"


def _random(match: re.Match[str]) -> Confidence | None:
    return "high" if entropy(match["secret"]) >= 4 else None


def _generated(match: re.Match[str]) -> Confidence | None:
    return "high" if is_generated(match["secret"]) else None


_NEIGHBOUR = re.compile(
    r"[\"'; ,](?:server|data source|host|hostaddr|user id|uid|user|dbname|database|initial catalog|ssl|sslmode|port)\s?=", re.IGNORECASE
)
_WIDTH = 200


def _with_neighbours(match: re.Match[str]) -> Confidence | None:
    """Settings of one string stand on one line, with no brackets of a call between."""
    secret = match["secret"]
    if grade("password", secret) is None or re.search(r"[(){}\[\]]", secret):
        return None
    end = match.end()
    if match.string[end : end + 2].strip()[:1] == ";":
        return "high"
    before = match.string[max(match.start() - _WIDTH, 0) : match.start() + 1].rsplit("\n", 1)[-1]
    after = match.string[end : end + _WIDTH].split("\n", 1)[0]
    quoted = any(before.count(sign) % 2 for sign in "\"'")
    return "high" if quoted and (_NEIGHBOUR.search(before + after) or ":" in before.rsplit('"', 1)[-1]) else None


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
            r"(?:[;,\"' ](?:password|pwd)|^password)[ \t]{0,2}=[ \t]{0,2}(?P<secret>[^;,\"'\s&]{4,128})(?=\s{0,2};|[,\"' ])",
            re.IGNORECASE | re.MULTILINE,
        ),
        words=("password", "pwd"),
        source="https://learn.microsoft.com/dotnet/framework/data/adonet/connection-string-syntax",
        prior=0.7,
        flagged=('"Server=db;User Id=sa;Password=tulip-44-rain;"', 'connect("dbname=shop user=ann password=tulip-44-rain host=db")',
                 '"redis.acme.io:6380,password=tulip44rain=,ssl=True"'),
        near_misses=('"Server=db;Password={0};"', '"Server=db;Password=your_password;"',
                     "password = value;", "f(user=ann, password=ann_2, x=1)"),
        grade=_with_neighbours,
    ),
    Detector(
        name="jdbc-password",
        title="A password in a JDBC address",
        pattern=re.compile(r"\bjdbc:(?:[^\s\"'<>]{3,200}[?&;]password=|oracle:(?:thin|oci8?):[\w$]{1,60}/)"
                           r"(?P<secret>[^&;\"'<>\s]{4,100}?)(?=[&;\"'<>\s]|@[\w/]|$)", re.IGNORECASE),
        words=("jdbc:",),
        source="https://jdbc.postgresql.org/documentation/use/",
        prior=0.8,
        flagged=("jdbc:oracle:thin:shop/tulip-44-rain@db1:1521:ORCL", "jdbc:postgresql://db/shop?user=shop&password=tulip-44-rain",),
        near_misses=("jdbc:postgresql://db/shop?user=shop&password=${PW}", "jdbc:mysql://db/x?user=a&password=password"),
        grade=lambda match: grade("password", match["secret"]),
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
