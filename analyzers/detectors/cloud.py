"""Keys of cloud, mail and model services."""

import re

from analyzers.detector import Detector

_BODY = "k3Tz9QpXv7LmW2rB8sYdN4hJfUaEoG6cRiKx1qV5"

DETECTORS = (
    Detector(
        name="google-api-key",
        title="A Google API key",
        pattern=re.compile(r"(?<![A-Za-z0-9_-])(?P<secret>AIza[A-Za-z0-9_-]{35})(?![A-Za-z0-9_-])"),
        words=("aiza",),
        source="https://cloud.google.com/docs/authentication/api-keys",
        flagged=(f'key: "AIza{_BODY[:35]}"',),
        near_misses=("AIza" + "x" * 35, "AIzaShort"),
    ),
    Detector(
        name="azure-storage-key",
        title="An Azure storage account key",
        pattern=re.compile(r"AccountKey=(?P<secret>[A-Za-z0-9+/]{86}==)"),
        words=("accountkey=",),
        source="https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string",
        flagged=(f"AccountName=a;AccountKey={_BODY}{_BODY}{_BODY[:6]}==;",),
        near_misses=("AccountKey=${KEY}", "AccountKey=<key>"),
    ),
    Detector(
        name="sendgrid-key",
        title="A SendGrid key",
        pattern=re.compile(r"(?<![A-Za-z0-9])(?P<secret>SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43})(?![A-Za-z0-9_-])"),
        words=("sg.",),
        source="https://www.twilio.com/docs/sendgrid/ui/account-and-settings/api-keys",
        flagged=(f"SG.{_BODY[:22]}.{_BODY}abc",),
        near_misses=("SG.mail.send", "msg.body.text"),
    ),
    Detector(
        name="openai-key",
        title="An OpenAI key",
        pattern=re.compile(
            r"(?<![A-Za-z0-9])(?P<secret>sk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,80}T3BlbkFJ[A-Za-z0-9_-]{20,80})"
        ),
        words=("t3blbkfj",),
        source="https://platform.openai.com/docs/api-reference/authentication",
        flagged=(f"sk-{_BODY[:20]}T3BlbkFJ{_BODY[:20]}",),
        near_misses=(f"sk-{_BODY}", "T3BlbkFJ"),
    ),
    Detector(
        name="anthropic-key",
        title="An Anthropic key",
        pattern=re.compile(r"(?<![A-Za-z0-9])(?P<secret>sk-ant-[a-z]{3,8}\d\d-[A-Za-z0-9_-]{80,120})"),
        words=("sk-ant-",),
        source="https://docs.anthropic.com/en/api/overview",
        flagged=(f"sk-ant-api03-{_BODY}{_BODY}{_BODY[:13]}-AA",),
        near_misses=("sk-ant-api03-...", "sk-ant-your-key"),
    ),
)
