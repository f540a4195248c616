"""Tokens of chat services."""

import re

from analyzers.detector import Detector

DETECTORS = (
    Detector(
        name="slack-token",
        title="A Slack token",
        pattern=re.compile(r"(?<![A-Za-z0-9])(?P<secret>xox[abeoprs]-(?:\d{1,14}-){1,4}[A-Za-z0-9]{10,64})(?![A-Za-z0-9])"),
        words=("xox",),
        source="https://api.slack.com/concepts/token-types",
        flagged=("SLACK=xoxb-" + "2048561390-7719204455-Qm3vT8kLpZ2xWn5RbY7d",),
        near_misses=("xoxb-your-token-here", "xoxb-xxxxxxxxxx-xxxxxxxxxxxx"),
    ),
    Detector(
        name="slack-webhook",
        title="A Slack webhook address",
        pattern=re.compile(r"https://hooks\.slack\.com/services/(?P<secret>T[A-Z0-9]{7,12}/B[A-Z0-9]{7,12}/[A-Za-z0-9]{20,32})"),
        words=("hooks.slack.com",),
        source="https://api.slack.com/messaging/webhooks",
        flagged=("https://hooks.slack.com/services/" + "T04QZK81N/B7LM2XR90/k3Tz9QpXv7LmW2rB8sYdN4hJ",),
        near_misses=("https://hooks.slack.com/services/T000/B000/XXXX", "https://hooks.slack.com/services/"),
        severity="medium",
    ),
    Detector(
        name="build-notification-token",
        title="A token with which a build tells a chat",
        pattern=re.compile(r"^[ \t]{1,12}(?:-[ \t]+)?(?:slack|hipchat|flowdock|campfire):[ \t]{1,4}[\"']?"
                           r"(?:[\w-]{1,60}:)?(?P<secret>[A-Za-z0-9]{24}\b(?!@)|[0-9a-f]{30}(?=@))", re.MULTILINE),
        words=("slack:", "hipchat:", "flowdock:", "campfire:"),
        source="https://docs.travis-ci.com/user/notifications/",
        flagged=("notifications:\n  slack: acme:k3Tz9QpXv7LmW2rB8sYdN4hJ\n",),
        near_misses=("notifications:\n  slack: acme:${SLACK_TOKEN}\n", "  slack: true\n"),
        files=(".yml", ".yaml"),
        severity="medium",
        nested=False,
    ),
    Detector(
        name="telegram-bot-token",
        title="A Telegram bot token",
        pattern=re.compile(r"(?:(?<=/bot)|(?<![A-Za-z0-9]))(?P<secret>\d{8,10}:AA[A-Za-z0-9_-]{33})(?![A-Za-z0-9_-])"),
        words=(":aa",),
        source="https://core.telegram.org/bots/api#authorizing-your-bot",
        flagged=("6204815937:AA" + "Hk3Tz9QpXv7LmW2rB8sYdN4hJfUaEoG6c",),
        near_misses=("12:34:AA:BB", "6204815937:AAA"),
    ),
    Detector(
        name="discord-webhook",
        title="A Discord webhook address",
        pattern=re.compile(r"https://(?:\w+\.)?discord(?:app)?\.com/api/webhooks/\d{17,20}/(?P<secret>[A-Za-z0-9_-]{60,80})"),
        words=("/api/webhooks/",),
        source="https://discord.com/developers/docs/resources/webhook",
        flagged=("https://discord.com/api/webhooks/112233445566778899/" + "k3Tz9QpXv7LmW2rB8sYdN4hJfUaEoG6cRiKx1q" * 2,),
        near_misses=("https://discord.com/api/webhooks/{id}/{token}",),
        severity="medium",
    ),
)
