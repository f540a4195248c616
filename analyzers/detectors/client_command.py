"""Passwords that programs take in a way of their own on the command line."""

import re

from analyzers.credential import grade
from analyzers.detector import Detector
from analyzers.finding import Confidence


def _password(match: re.Match[str]) -> Confidence | None:
    secret = match["secret"].strip("\"'")
    if _ORACLE.match(match.group()):
        secret = secret.split("@")[0]
    return None if secret.startswith(("-", "/")) else grade("password", secret)


_ORACLE = re.compile(r"(?:sqlplus|exp|imp|expdp|impdp|sqlldr)\s", re.IGNORECASE)
"""What follows the sign @ is the database's name."""


_SAMPLE = "tulip-44-rain"
_HERE = r"[^\n|;]{0,200}?"

DETECTORS = (
    Detector(
        name="program-password",
        title="A password on the command line of a program",
        pattern=re.compile(
            rf"(?:\bsmbclient\b{_HERE}\s(?:-U|--user)[ =]?[\"']?[\w.\\@-]{{1,80}}%|\blftp\b{_HERE}\s-u\s+[\"']?[^\s,\"']{{1,80}},|"
            rf"\b(?:mc|mcli)\s+(?:alias\s+set|config\s+host\s+add)\s+\S{{1,60}}\s+\S{{1,200}}\s+\S{{1,120}}\s+|"
            rf"\bsecurity\s+(?:unlock-keychain|create-keychain|import|set-key-partition-list)\b{_HERE}\s-[pPk]\s+|"
            rf"\bsigntool\b{_HERE}\s/p\s+|\bpsexec(?:64)?\b{_HERE}\s-p\s+|\bcmdkey\b{_HERE}\s/pass:|\b(?:osql|isql|bcp)\b{_HERE}\s-P\s*|"
            rf"\bschtasks\b{_HERE}\s/rp\s+|\b(?:sqlplus|exp|imp|expdp|impdp|sqlldr)\s+(?:-\w+\s+)?[\"']?\w{{1,60}}/|"
            rf"\b(?:xfreerdp|rdesktop)\b{_HERE}\s(?:/p:|-p\s*)|\b(?:plink|pscp|psftp)\b{_HERE}\s-pw\s+|\bwinscp\b{_HERE}[a-z]{{3,4}}://[^\s:]{{1,60}}:|"
            rf"\bipmitool\b{_HERE}\s-P\s*|\bmosquitto_(?:pub|sub)\b{_HERE}\s-P\s*|\bsvn\b{_HERE}\s--password\s+|\brar\b{_HERE}\s-h?p)"
            r"(?P<secret>\"[^\"\s]{4,120}\"|'[^'\s]{4,120}'|[^\s\"'|;]{4,120})",
            re.IGNORECASE | re.MULTILINE,
        ),
        words=("smbclient", "lftp", "mc alias", "mc config", "security ", "signtool", "psexec", "cmdkey", "osql", "isql", "bcp", "schtasks",
               "sqlplus", "exp ", "imp ", "expdp", "impdp", "sqlldr", "freerdp", "rdesktop", "plink", "pscp", "psftp", "winscp", "ipmitool",
               "mosquitto_", "svn ", "rar "),
        source="https://cwe.mitre.org/data/definitions/214.html",
        flagged=(f"smbclient //files/share -U ann%{_SAMPLE}", f"lftp -u web,{_SAMPLE} ftp.acme.io",
            f"cmdkey /add:dc01 /user:ann /pass:{_SAMPLE}",
                 f"security unlock-keychain -p '{_SAMPLE}' login.keychain", f"sqlplus hr/{_SAMPLE}@orcl @run.sql",
                 f"psexec \\\\dc01 -u Administrator -p {_SAMPLE} cmd", f"mc alias set s3 https://s3.acme.io ann {_SAMPLE}",
                 f"schtasks /create /tn x /ru ann /rp {_SAMPLE}", f"plink -pw {_SAMPLE} ann@web1"),
        near_misses=("smbclient -L host -U ann%$PASSWORD", "sqlplus / as sysdba", "sqlplus hr/hr@orcl",
            'security unlock-keychain -p "$PW" x',
                     "schtasks /query /fo list", "plink -pw <password> ann@web1"),
        grade=_password,
        prior=0.7,
        nested=False,
    ),
    Detector(
        name="transfer-password",
        title="A password given to a transfer library",
        pattern=re.compile(r"\bCURLOPT_(?:PROXY)?USERPWD[\"']?\s{0,4}(?:,|=>|=|:)\s{0,4}[\"'][^\"'\s:]{1,80}:(?P<secret>[^\"'\s]{4,120})[\"']"),
        words=("userpwd",),
        source="https://curl.se/libcurl/c/CURLOPT_USERPWD.html",
        flagged=(f'curl_easy_setopt(curl, CURLOPT_USERPWD, "ann:{_SAMPLE}");', f"CURLOPT_USERPWD => 'ann:{_SAMPLE}',"),
        near_misses=('curl_easy_setopt(curl, CURLOPT_USERPWD, "user:password");', "CURLOPT_USERPWD => $userpwd,"),
        grade=_password,
        prior=0.7,
        nested=False,
    ),
)  # fmt: skip
