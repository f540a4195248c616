"""Passwords in files of accounts, where only the place on the line tells: chap-secrets, sasl_passwd, rsyncd.secrets and their like."""

import re
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatch

from analyzers.credential import grade, is_plausible
from analyzers.detector import Detector, Sighting
from analyzers.rarity import is_generated
from analyzers.setting import bare_name

_FORMS: tuple[tuple[tuple[str, ...], re.Pattern[str]], ...] = (
    (("chap-secrets", "pap-secrets"), re.compile(r"^[ \t]{0,8}\"?[^\s\"#]{1,80}\"?[ \t]+\S{1,80}[ \t]+\"?(?P<secret>[^\s\"#]{4,120})\"?",
        re.MULTILINE)),
    (("*.secrets", "swanctl.conf"),
     re.compile(r":[ \t]{0,4}(?:PSK|EAP|XAUTH|NTLM|(?:RSA|ECDSA|P12|PKCS8)[ \t]+\S{1,120})[ \t]+\"(?P<secret>[^\"\n]{4,120})\"")),
    (("sasl_passwd", "smtp_auth", "relay_passwd", "saslpasswd"), re.compile(r"^[^\s#]{1,120}[ \t]+[^\s:]{1,120}:(?P<secret>\S{4,120})$",
        re.MULTILINE)),
    (("passwd.client", "htdigest", ".htdigest"), re.compile(r"^[^\s:#]{1,120}:[^\s:]{1,120}:(?P<secret>[^\s:]{4,120})$", re.MULTILINE)),
    (("*.secrets", "lighttpd.user", "cups.passwd", "userlist.txt", "vsftpd*login*"),
     re.compile(r"^\"?[^\s:\"#]{1,80}\"?[: ][ \t]{0,4}\"?(?P<secret>[^\s:\"]{4,120})\"?$", re.MULTILINE)),
    (("secrets", "davfs2-secrets"),
     re.compile(r"^(?:https?://|/)\S{1,200}[ \t]+\"?[^\s\"]{1,80}\"?[ \t]+\"?(?P<secret>[^\s\"#]{4,120})\"?[ \t]*$", re.MULTILINE)),
    ((".fetchmailrc", "fetchmailrc"), re.compile(r"\b(?:password|pass)[ \t\n]{1,8}\"?(?P<secret>[^\s\"]{4,120})\"?", re.IGNORECASE)),
    (("redis*.conf", "users.acl", "*.acl"), re.compile(r"^[ \t]{0,8}user[ \t]+\S{1,80}[ \t][^\n#]{0,200}?>(?P<secret>\S{4,120})",
        re.MULTILINE)),
)  # fmt: skip
_TWO_LINES = ("auth.txt", "auth.conf", "auth-user-pass*", "userpass*", "login.conf", "credentials", "*.auth", "pass.txt", "vpn*.txt")
_TOKEN_FILES = ("*.key", "*.token", "*.secret", "*.pass", "*.password", "*_key", "*_token", "*_secret", "*_password", "*-token",
    "*-password",
                "*vault_pass*", "*vault-pass*", "*password.txt", "*secret.txt", "*token.txt", "*_pass")  # fmt: skip
_TOKEN = re.compile(r"\s{0,4}(?P<secret>[A-Za-z0-9+/=._~-]{16,200})\s{0,4}")
_CHPASSWD = re.compile(r"\bchpasswd:[ \t]*\n(?:[^\n]*\n){0,3}?[ \t]+(?:list|users):[ \t]*[|"
                       r">]?-?[ \t]*\n(?P<list>(?:[ \t]+[^\n]*\n?){1,100})")
_ACCOUNT = re.compile(r"^[ \t]+(?:-[ \t]+)?[a-z_][\w-]{0,40}:(?P<secret>[^\s:#]{4,120})[ \t]*$", re.MULTILINE)


def _named(path: str, names: Sequence[str]) -> bool:
    name = bare_name(path)
    return any(fnmatch(name, one) for one in names)


def _accounts(text: str, path: str) -> Iterator[Sighting]:
    for names, pattern in _FORMS:
        if _named(path, names):
            yield from _passwords(pattern, text, 0)


def _passwords(pattern: re.Pattern[str], text: str, offset: int) -> Iterator[Sighting]:
    for match in pattern.finditer(text):
        confidence = grade("password", match["secret"])
        if confidence is not None:
            start, end = match.span("secret")
            yield Sighting(match["secret"], offset + start, offset + end, confidence)


def _login(text: str, path: str) -> Iterator[Sighting]:
    """A user's name and a password on two lines, as OpenVPN's auth-user-pass takes them."""
    lines = [one.strip() for one in text[:1000].splitlines() if one.strip()]
    if not _named(path, _TWO_LINES) or len(lines) != 2 or any(" " in one or "=" in one or one[0] in "#[{" for one in lines):
        return
    secret = lines[1]
    if grade("password", secret) is not None:
        start = text.rindex(secret)
        yield Sighting(secret, start, start + len(secret), "medium")


def _alone(text: str, path: str) -> Iterator[Sighting]:
    """A file that is named for a key and holds nothing but one: Rails' master.key, Ansible's .vault_pass, token files."""
    match = _TOKEN.fullmatch(text) if len(text) <= 256 and _named(path, _TOKEN_FILES) else None
    if match is not None and is_plausible(match["secret"]) and is_generated(match["secret"]):
        yield Sighting(match["secret"], *match.span("secret"), "medium")


def _first_boot(text: str, _path: str) -> Iterator[Sighting]:
    for block in _CHPASSWD.finditer(text):
        yield from _passwords(_ACCOUNT, block["list"], block.start("list"))


_SAMPLE = "tulip-44-rain"
_KEY = "9f8e7d6c5b4a39281706f5e4d3c2b1a0"


def _kind(name: str, title: str, read: Callable[[str, str], Iterator[Sighting]], source: str, *, files: tuple[str, ...],
          words: tuple[str, ...], flagged: tuple[str, ...], near: tuple[str, ...]) -> Detector:  # fmt: skip
    return Detector(name=name, title=title, pattern=None, read=read, source=source, files=files, words=words, flagged=flagged,
                    near_misses=near, prior=0.8, nested=False)  # fmt: skip


DETECTORS = (
    _kind("account-file-password", "A password in a file of accounts", _accounts, "https://www.postfix.org/SASL_README.html",
          files=(".secrets", "sasl_passwd", "chap-secrets", "pap-secrets", "secrets", "passwd.client", "smtp_auth", "relay_passwd",
              "saslpasswd",
                 ".htdigest", "htdigest", "lighttpd.user", "cups.passwd", "userlist.txt", ".fetchmailrc", "fetchmailrc", "users.acl",
                 ".acl",
                 ".conf"),
          words=(),
          flagged=(f"ann:{_SAMPLE}\n", f'10.1.1.1 10.2.2.2 : PSK "{_SAMPLE}"\n'),
          near=("# user:password\n", "ann:${PASSWORD}\n", ": RSA server.pem\n")),
    _kind("login-file-password", "A password in a file of a login", _login, "https://openvpn.net/community-resources/reference-manual-for-openvpn-2-6/",
          files=(".auth", "auth.txt", "credentials", "auth.conf", "login.conf", "pass.txt", ".txt", "userpass"), words=(),
          flagged=(f"ann\n{_SAMPLE}\n",), near=("user\npassword\n", "Read me first\nand then\nthis\n")),
    _kind("key-file", "A key in a file of its own", _alone, "https://guides.rubyonrails.org/security.html#custom-credentials",
          files=(".key", "master.key", ".token", ".secret", ".pass", ".password", ".vault_pass", ".txt", "vault_pass"), words=(),
          flagged=(f"{_KEY}\n",), near=("changeme\n", f"key = {_KEY}\nother = 1\n")),
    _kind("first-boot-password", "A password for a machine's first start", _first_boot,
          "https://cloudinit.readthedocs.io/en/latest/reference/modules.html#set-passwords", files=(), words=("chpasswd:",),
          flagged=(f"chpasswd:\n  list: |\n    root:{_SAMPLE}\n",), near=("chpasswd:\n  list: |\n    root:${PASSWORD}\n",
              "chpasswd:\n  expire: false\n")),
)  # fmt: skip
