"""Keys in blocks of their own form: WordPress, PuTTY, PGP."""

import re

from analyzers.credential import is_mixed
from analyzers.detector import Detector
from analyzers.finding import Confidence
from analyzers.rarity import entropy

_BODY = "k3Tz9QpXv7LmW2rB8sYdN4hJfUaEoG6cRiKx1qV5wZtD0yMnPbSgHjFlCeIuAoDk"


def _random(match: re.Match[str]) -> Confidence | None:
    return "high" if entropy(match["secret"]) >= 4 else None


def _salted(match: re.Match[str]) -> Confidence | None:
    """The salts of WordPress hold any sign, so that some look like templates; what stands there before is a sentence."""
    return _random(match) if is_mixed(match["secret"]) and not _SENTENCE.search(match["secret"]) else None


_SENTENCE = re.compile(r"[a-z]{3,} [a-z]{3,} [a-z]{3,}")


DETECTORS = (
    Detector(
        name="wordpress-key",
        title="A WordPress key or salt",
        pattern=re.compile(
            r"define\(\s{0,4}['\"](?:SECURE_AUTH|AUTH|LOGGED_IN|NONCE)_(?:KEY|"
            r"SALT)['\"]\s{0,4},\s{0,24}['\"](?P<secret>[^'\n]{32,128})['\"]\s{0,4}\)"
        ),
        words=("auth_", "logged_in_", "nonce_"),
        source="https://developer.wordpress.org/advanced-administration/wordpress/wp-config/",
        grade=_salted,
        telling=True,
        flagged=(f"define('AUTH_KEY', '{_BODY}');",),
        near_misses=("define('AUTH_KEY', 'put your unique phrase here');",
            "define('AUTH_KEY', 'put your unique phrase here, 64 signs of it');"),
    ),
    Detector(
        name="putty-key",
        title="A PuTTY private key",
        pattern=re.compile(
            r"PuTTY-User-Key-File-[23]:[^\n]{1,80}\nEncryption: none\n(?:"
            r"[^\n]{1,200}\n){1,60}?Private-Lines: \d{1,4}\n(?P<secret>[A-Za-z0-9+/=]{20,100})"
        ),
        words=("putty-user-key-file",),
        source="https://tartarus.org/~simon/putty-snapshots/htmldoc/AppendixC.html",
        cwe=321,
        flagged=(f"PuTTY-User-Key-File-2: ssh-rsa\nEncryption: none\nComment: k\nPublic-Lines: 1\nAAAA\nPrivate-Lines: 1\n{_BODY}\n",),
        near_misses=(f"PuTTY-User-Key-File-2: ssh-rsa\nEncryption: aes256-cbc\nPrivate-Lines: 1\n{_BODY}\n",),
    ),
    Detector(
        name="pgp-private-key",
        title="A PGP private key",
        pattern=re.compile(
            r"-----BEGIN PGP PRIVATE KEY BLOCK-----\s{1,8}(?:[A-Za-z-]{1,20}: [^\n]{0,200}\n){0,8}\s{0,8}(?P<secret>[A-Za-z0-9+/]{40,80})"
        ),
        words=("pgp private key",),
        source="https://www.rfc-editor.org/rfc/rfc9580",
        cwe=321,
        flagged=(f"-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: 1\n\n{_BODY}\n",),
        near_misses=(f"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n{_BODY}\n",),
    ),
)
