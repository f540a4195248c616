"""Passwords that a program stored in a form of its own; whoever has the file, and often a key beside it, has them."""

import re

from analyzers.credential import grade, is_plausible
from analyzers.detector import Detector
from analyzers.finding import Confidence
from analyzers.rarity import is_generated

_BODY = "k3Tz9QpXv7LmW2rB8sYdN4hJfUaEoG6cRiKx1qV5wZtD0yMnPbSgHjFlCeIuAoDk"
_HEX = "9F8E7D6C5B4A39281706F5E4D3C2B1A0"


def _generated(match: re.Match[str]) -> Confidence | None:
    return "high" if is_generated(match["secret"]) else None


def _form_value(match: re.Match[str]) -> Confidence | None:
    return grade("password", match["secret"]) if is_plausible(match["secret"]) else None


DETECTORS = (
    Detector(
        name="jenkins-secret",
        title="A secret stored by Jenkins",
        pattern=re.compile(r"\{(?P<secret>AQAAABAAAA[A-Za-z0-9+/]{20,4000}={0,2})\}"),
        words=("aqaaabaaaa",),
        source="https://www.jenkins.io/doc/developer/security/secrets/",
        flagged=(f"<password>{{AQAAABAAAAAQ{_BODY[:43]}=}}</password>",),
        near_misses=("<password>{AQAAABAAAA}</password>", f"AQAAABAAAA{_BODY}"),
        severity="medium",
        nested=False,
    ),
    Detector(
        name="remote-desktop-password",
        title="A password in a file of Remote Desktop",
        pattern=re.compile(r"^password 51:b:(?P<secret>[0-9A-Fa-f]{64,4000})", re.MULTILINE),
        words=("password 51:b:",),
        source="https://learn.microsoft.com/azure/virtual-desktop/rdp-properties",
        flagged=(f"password 51:b:01000000D08C9DDF0115D1118C7A00C04FC297EB{_HEX}\n",),
        near_misses=("password 51:b:\n", "prompt for credentials:i:1\n"),
        severity="medium",
        nested=False,
    ),
    Detector(
        name="pentaho-password",
        title="A password stored by Pentaho",
        pattern=re.compile(r"\bEncrypted (?P<secret>2be98afc86a[0-9a-f]{16,400})\b"),
        words=("encrypted 2be98afc86a",),
        source="https://docs.pentaho.com/",
        flagged=("<password>Encrypted 2be98afc86aa7f2e4bd9e0a64a3bd8f4a</password>",),
        near_misses=("<password>Encrypted</password>", "Encrypted 2be98afc86a"),
        nested=False,
    ),
    Detector(
        name="terraform-random",
        title="A generated password in Terraform's state",
        pattern=re.compile(r"\"type\"\s{0,8}:\s{0,8}\"random_(?:password|string|id)\"[^\x00]{0,1500}?\"result\"\s{0,8}:\s{0,8}\"(?P<secret>[^\"\n]{8,200})\""),
        words=("random_password", "random_string"),
        source="https://registry.terraform.io/providers/hashicorp/random/latest/docs/resources/password",
        flagged=(f'"type": "random_password",\n"instances": [{{"attributes": {{"length": 24, "result": "{_BODY[:24]}"}}}}]',),
        near_misses=('"type": "random_password",\n"instances": []', f'"type": "x", "result": "{_BODY}"'),
        files=(".tfstate", ".tfstate.backup", ".json", ".backup"),
        telling=True,
        nested=False,
    ),
    Detector(
        name="session-cookie",
        title="The cookie of a session",
        pattern=re.compile(
            r"\bcookie\b[^\n]{0,300}?\b(?:session_?id|phpsessid|jsessionid|connect\.sid|sid|session|laravel_session|asp\.net_sessionid|"
            r"remember_token|auth_token|sessiontoken)=(?P<secret>[A-Za-z0-9%._~+/-]{20,400})",
            re.IGNORECASE,
        ),
        words=("cookie",),
        source="https://cwe.mitre.org/data/definitions/539.html",
        flagged=(f"Cookie: sessionid={_BODY[:32].lower()}; theme=dark", f'{{"name": "Cookie", "value": "PHPSESSID={_HEX.lower()}"}}'),
        near_misses=("Cookie: sessionid=<id>", "Set-Cookie: theme=dark", "Cookie: sessionid=the-session-of-somebody-else"),
        files=(".har", ".http", ".rest", ".sh", ".txt", ".log", ".json", ".curl", ".history", ".bash_history", ".zsh_history"),
        grade=_generated,
        severity="medium",
        prior=0.6,
        nested=False,
    ),
    Detector(
        name="form-password",
        title="A password that a form sent",
        pattern=re.compile(r"(?<=[?&\"' ])(?:password|passwd|pwd|user\[password\]|user%5Bpassword%5D)"
                           r"=(?P<secret>[^\s&\"'<>;,{}$]{4,120})(?=&\w{1,40}=)"),
        words=("password=", "passwd=", "pwd="),
        source="https://url.spec.whatwg.org/#application/x-www-form-urlencoded",
        flagged=('"text": "email=ann%40acme.io&password=tulip-44-rain&remember=1"',),
        near_misses=("user=ann&password={password}&x=1", "a=1&password=password&b=2", "a=1&password=%s&b=2"),
        files=(".har", ".http", ".rest", ".sh", ".log", ".json", ".curl", ".history", ".bash_history", ".zsh_history", ".jmx", ".saz"),
        grade=_form_value,
        prior=0.7,
        nested=False,
    ),
    Detector(
        name="bundler-credential",
        title="A credential of Bundler",
        pattern=re.compile(r"^[ \t]{0,8}(?:export )"
                           r"?BUNDLE_[A-Z0-9_]{1,60}__[A-Z0-9_]{1,60}[:=][ \t]{0,4}\"?(?P<secret>[^\s:\"]{1,80}:[^\s:\"]{4,120})"
                           r"\"?[ \t]*$", re.MULTILINE),
        words=("bundle_",),
        source="https://bundler.io/man/bundle-config.1.html#CREDENTIALS-FOR-GEM-SOURCES",
        flagged=('BUNDLE_GEMS__ACME__IO: "ann:tulip-44-rain"\n',),
        near_misses=('BUNDLE_PATH: "vendor/bundle"\n', 'BUNDLE_GEMS__ACME__IO: "$USER:$PASSWORD"\n'),
        nested=False,
    ),
    Detector(
        name="directory-password",
        title="A password in an LDIF file",
        pattern=re.compile(r"^userPassword::?[ \t]{1,4}(?P<secret>[^\s{][^\s]{3,200})$", re.MULTILINE | re.IGNORECASE),
        words=("userpassword:",),
        source="https://www.rfc-editor.org/rfc/rfc4519#section-2.41",
        flagged=("userPassword: tulip-44-rain\n", f"userPassword:: {_BODY[:44]}\n"),
        near_misses=("userPassword: {CRYPT}x\n", "userPassword: ${PASSWORD}\n"),
        nested=False,
    ),
)
