"""Credentials given to a program or a database: on command lines and in SQL."""

import re

from analyzers.credential import grade
from analyzers.detector import Detector
from analyzers.finding import Confidence


def _password(match: re.Match[str]) -> Confidence | None:
    return grade("password", match["secret"].strip("\"'"))


_SAMPLE = "tulip-44-rain"

DETECTORS = (
    Detector(
        name="command-password",
        title="A password on a command line",
        pattern=re.compile(
            r"(?:\bcurl\b[^\n|;]{0,300}?\s(?:-u|--user)[ =]?[\"']?[^\s:\"']{1,80}:|\b(?:mysql|mysqldump|"
            r"mysqladmin|mariadb)\b[^\n|;]{0,200}?[\s\"']-p|"
            r"\bsshpass\s+-p\s*|\b(?:(?:docker|podman|helm registry|oc|az)\s+login|twine\s+upload)\b[^\n|;]{0,200}?\s(?:-p|--password)[ =]|"
            r"\bhtpasswd\s+-\w*b\w*\s+\S{1,100}\s+\S{1,80}\s+|\bsqlcmd\b[^\n|;]{0,200}?\s-P\s*|\b(?:ldapsearch|ldapmodify)\b[^\n|;]{0,200}?\s-w\s*|"
            r"\b(?:lftp|ftp|wget|smbclient)\b[^\n|;]{0,200}?"
            r"\s(?:--http-passwd=|--ftp-password=|--password=|--password )\s*|\bredis-cli\b[^\n|"
            r";]{0,100}?\s-a\s+|\bkinit\b[^\n|;]{0,60}<<<\s*|"
            r"\becho\s+[\"']?[\w-]{1,40}:(?=[^\s|]{4,80}\s{0,4}\|\s{0,4}(?:sudo\s+)?chpasswd)|\bConvertTo-SecureString\s+(?:-String\s+)?(?=[\"'])|"
            r"\bnet\s+use\b[^\n|;]{0,200}?/user:\S{1,80}\s+|\bopenssl\b[^\n|;]{0,200}?\s(?:-k\s+|-pass(?:in|out)?\s+pass:)|"
            r"\bgpg2?\b[^\n|;]{0,200}?\s--passphrase[ =]|\bzip\b[^\n|;]{0,60}?\s-P\s+|--requirepass\s+|"
            r"\becho\s+(?=\S{4,80}\s*\|\s*(?:sudo|su|passwd|kinit|docker login)))"
            r"(?P<secret>\"[^\"\s]{4,200}\"|'[^'\s]{4,200}'|[^\s\"'|;]{4,200})"
        ),
        words=(
            "curl",
            "mysql",
            "mariadb",
            "sshpass",
            "login",
            "htpasswd",
            "ftp",
            "wget",
            "smbclient",
            "sqlcmd",
            "ldap",
            "redis-cli",
            "echo",
            "twine",
            "convertto-securestring",
            "net use",
            "openssl",
            "gpg",
            "zip",
            "--requirepass",
        ),
        source="https://cwe.mitre.org/data/definitions/214.html",
        flagged=(
            f"curl -s -u ann:{_SAMPLE} https://acme.io",
            f"mysql -h db -u app -p{_SAMPLE} shop",
            f"sshpass -p '{_SAMPLE}' ssh ann@db",
            f"docker login -u ann -p {_SAMPLE} r.acme.io",
            f"echo {_SAMPLE} | sudo -S reboot",
            f'["mysqladmin", "ping", "-uroot", "-p{_SAMPLE}"]',
            f"twine upload -u ann -p {_SAMPLE} dist/*",
            f'echo "root:{_SAMPLE}" | chpasswd',
            f'ConvertTo-SecureString "{_SAMPLE}" -AsPlainText',
            f"openssl enc -aes-256-cbc -k {_SAMPLE} -in a",
            f"gpg --batch --passphrase {_SAMPLE} -d x",
            f"zip -P {_SAMPLE} x.zip x",
            f"redis-server --requirepass {_SAMPLE}",
        ),
        near_misses=(
            'curl -u "$USER:$PASSWORD" https://acme.io',
            "mysql -u app -p shop",
            "docker login -u ann -p ${TOKEN}",
            "curl -u user:password x",
            'openssl enc -k "$KEY" -in a',
            "wget -N -P common/files https://acme.io/x1",
            "gpg --passphrase-file /run/pw -d x",
            "unzip -P ${PW} x.zip",
        ),
        grade=_password,
        prior=0.7,
    ),
    Detector(
        name="sql-password",
        title="A password in SQL",
        pattern=re.compile(
            r"\b(?:IDENTIFIED\s+(?:WITH\s+[\w'\"]{1,40}\s+)?BY|(?:ENCRYPTED\s+)?PASSWORD\s{0,4}[=(]?|"
            r"SET\s+PASSWORD\b[^\n;]{0,100}=)\s{0,4}(?:PASSWORD\()?"
            r"N?(?P<sign>['\"])(?P<secret>[^'\"\n]{4,200})(?P=sign)",
            re.IGNORECASE,
        ),
        words=("identified", "password"),
        source="https://www.postgresql.org/docs/current/sql-createrole.html",
        flagged=("CREATE USER 'app'@'%' IDENTIFIED BY 'tulip-44-rain';", "ALTER ROLE app WITH PASSWORD 'tulip-44-rain';"),
        near_misses=("CREATE USER app PASSWORD 'your_password';", "IDENTIFIED BY '<password>'", "IDENTIFIED BY '%s'"),
        grade=_password,
        prior=0.7,
        files=(".sql", ".sh", ".yml", ".yaml", ".ddl", ".psql", ".txt", ".md", ".j2", ".bash", ".conf", ".dump", ".env"),
    ),
)
