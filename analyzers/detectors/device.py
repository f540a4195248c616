"""Passwords in the configuration of switches, proxies, telephone servers and monitoring: words of those languages tell them."""

import re

from analyzers.credential import grade, is_filler, is_plausible
from analyzers.detector import Detector
from analyzers.finding import Confidence

_DEFAULTS = frozenset({"public", "private", "string", "name"})
"""What every device ships with, and what manuals write."""


def _password(match: re.Match[str]) -> Confidence | None:
    secret = match["secret"].strip("\"'")
    if secret.lower() in _DEFAULTS or secret.isalpha():
        return None
    return grade("password", secret) if is_plausible(secret) and not is_filler(secret) else None


_SAMPLE = "tulip-44-rain"
_WORD = r"[\"']?(?P<secret>[^\s\"']{4,120})"

DETECTORS = (
    Detector(
        name="device-password",
        title="A password in the configuration of a device",
        pattern=re.compile(
            r"^[ \t>#!]{0,20}(?:enable (?:password|secret)(?: level \d{1,2})?(?: \d)?|"
            r"username \S{1,80}(?: privilege \d{1,2})? (?:password|secret)(?: \d)?|"
            r"snmp-server community|(?:tacacs|radius)-server (?:host \S{1,80} )?key(?: \d)?|(?:neighbor \S{1,80} )?password \d|"
            r"(?:pre-shared-key|crypto isakmp key|wpa-psk ascii|ppp chap password)(?: (?:ascii-text|\d))?|"
            rf"r[ow]community6?|trapcommunity)[ \t]+{_WORD}",
            re.MULTILINE,
        ),
        words=("enable ", "username ", "snmp-server", "-server ", "community", "pre-shared-key", "isakmp", "password "),
        source="https://www.cisco.com/c/en/us/support/docs/security-vpn/remote-authentication-dial-user-service-radius/107614-64.html",
        flagged=(f"username ann privilege 15 password 0 {_SAMPLE}\n", f"snmp-server community {_SAMPLE} RW\n",
                 f"tacacs-server key {_SAMPLE}\n", f"rwcommunity {_SAMPLE} 10.0.0.0/8\n", "enable password 7 0822455D0A16544541\n"),
        grade=_password,
        near_misses=("snmp-server community public RO\n", "username ann password 0 <password>\n", "enable secret\n",
            "rocommunity public\n"),
        prior=0.8,
        nested=False,
    ),
    Detector(
        name="server-account-password",
        title="A password of a server's account",
        pattern=re.compile(
            r"^[ \t]{0,20}(?:user[ \t]+\S{1,80}[ \t]+insecure-password[ \t]+|stats[ \t]+auth[ \t]+[^\s:]{1,80}:|"
            r"register[ \t]{0,4}=>[ \t]{0,4}[^\s:/]{1,80}:|createUser[ \t]+\S{1,80}[ \t]+(?:SHA|MD5)[\w-]{0,5}[ \t]+\"?|"
            r"user[ \t]?=[ \t]?[^\s:/=]{1,80}:)"
            r"(?P<secret>[^\s\"'#]{4,120}?)(?=[@\s\"']|$)",
            re.MULTILINE,
        ),
        words=("insecure-password", "stats auth", "register", "createuser", "user=", "user ="),
        source="https://docs.haproxy.org/3.0/configuration.html#3.4",
        flagged=(f"  user ann insecure-password {_SAMPLE}\n", f"stats auth ann:{_SAMPLE}\n", f"register => ann:{_SAMPLE}@sip.acme.io/201\n",
                 f"user=ann:{_SAMPLE}\n", f'createUser ann SHA "{_SAMPLE}" AES\n'),
        near_misses=("stats auth admin:password\n", "user = ann:$PASSWORD\n", "register => user:secret@host\n",
            "user ann insecure-password ${PW}\n"),
        grade=_password,
        prior=0.8,
        nested=False,
    ),
    Detector(
        name="chat-identify-password",
        title="A password for a service of IRC",
        pattern=re.compile(r"\b(?:nickserv|chanserv|authserv)\b[ :]{1,3}(?:identify|auth|ghost)[ \t]+(?:[\w|`-]{1,30}[ \t]+)"
                           r"?(?P<secret>[^\s\"';]{5,120})", re.IGNORECASE),
        words=("nickserv", "chanserv", "authserv"),
        source="https://libera.chat/guides/registration",
        flagged=(f'autosendcmd = "/msg NickServ identify {_SAMPLE};wait 2000";',),
        near_misses=("/msg NickServ identify <password>", "/msg nickserv identify YOUR_PASSWORD"),
        grade=_password,
        prior=0.8,
        nested=False,
    ),
)  # fmt: skip
