"""Random values as vendors and people make them: true alphabets, lengths, checksums and key files."""

import base64
import binascii
import functools
import json
import random
import string
import uuid
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

_ALNUM = string.ascii_letters + string.digits
_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
SIGNS = {
    "t": _ALNUM, "l": string.ascii_lowercase + string.digits, "U": string.ascii_uppercase + string.digits,
    "u": string.ascii_uppercase + "234567", "h": "0123456789abcdef", "H": "0123456789ABCDEF", "B": _ALNUM + "+/", "W": _ALNUM + "-_",
    "d": string.digits, "s": _ALNUM + "./", "c": _ALNUM + "!@#$%^&*()-_ []{}~`+=,.;:/?|", "m": string.ascii_lowercase + string.digits + "!@#$%^&*(-_=+)",
    "b32c": "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
}  # fmt: skip
_NAMES = ("anna", "sofie", "marcel", "bruno", "snowball", "liverpool", "sunshine", "dragon", "falcon", "mustang", "arsenal", "biscuit")
_WEAK = ("admin123", "letmein1", "P@ssw0rd", "qwerty123", "Welcome1", "123456789", "hunter2", "dragonfly", "Passw0rd!", "iloveyou2", "trustno1", "s3cr3t!")


def signs(chance: random.Random, alphabet: str, length: int) -> str:
    """So many signs of one of the alphabets."""
    return "".join(chance.choice(SIGNS[alphabet]) for _ in range(length))


def password(chance: random.Random) -> str:
    """A password as people make them: a name with a year, swapped letters, syllables, or what a tool proposed."""
    name, other = chance.sample(_NAMES, 2)
    year = chance.randint(1975, 2021)
    return chance.choice((
        f"{name.title()}{year}", f"{name}{chance.randint(1, 99)}!", f"{name.replace('a', '@').replace('o', '0')}{chance.randint(1, 999)}",
        f"{name.title()}.{other}", f"{name[:4]}{year}{other[:3].upper()}", signs(chance, "t", chance.choice((8, 10, 12, 16))),
        f"{signs(chance, 'l', 6)}-{signs(chance, 'l', 6)}-{signs(chance, 'l', 6)}", f"{signs(chance, 't', 5)}{chance.choice('!#*+')}{signs(chance, 't', 6)}",
    ))  # fmt: skip


def _base62(number: int, width: int) -> str:
    made = ""
    while number:
        number, rest = divmod(number, 62)
        made = _BASE62[rest] + made
    return made.rjust(width, "0")


def _checked(prefix: str) -> Callable[[random.Random], str]:
    """GitHub's and npm's form: thirty signs, and the CRC-32 of them in base 62."""
    def make(chance: random.Random) -> str:
        body = signs(chance, "t", 30)
        return f"{prefix}{body}{_base62(binascii.crc32(body.encode()), 6)}"

    return make


def _b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _jwt(chance: random.Random) -> str:
    head, body = {"alg": "HS256", "typ": "JWT"}, {"sub": signs(chance, "d", 10), "name": chance.choice(_NAMES), "iat": chance.randint(15 * 10**8, 16 * 10**8)}
    parts = [_b64url(json.dumps(part, separators=(",", ":")).encode()) for part in (head, body)]
    return ".".join([*parts, _b64url(chance.randbytes(32))])


def _pypi(chance: random.Random) -> str:
    mark = b"\x02\x01\x08pypi.org\x02$" + str(uuid.UUID(int=chance.getrandbits(128), version=4)).encode() + b'\x00\x02*[3,"' + chance.randbytes(24)
    return "pypi-" + _b64url(mark + b"\x00\x00\x06 " + chance.randbytes(32))


def _discord(chance: random.Random) -> str:
    user = _b64url(str(chance.randint(10**17, 10**18 - 1)).encode())
    return f"{user}.{signs(chance, 'W', 6)}.{signs(chance, 'W', 27)}"


def _lines(text: str, width: int) -> str:
    return "\n".join(text[at : at + width] for at in range(0, len(text), width))


def _pem(key: PrivateKeyTypes, form: PrivateFormat, phrase: bytes | None = None) -> str:
    locked = BestAvailableEncryption(phrase) if phrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, form, locked).decode().rstrip("\n")


@functools.cache
def _rsa() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@functools.cache
def _dsa() -> dsa.DSAPrivateKey:
    return dsa.generate_private_key(2048)


def _ecdsa(_chance: random.Random) -> str:
    return _pem(ec.generate_private_key(ec.SECP256R1()), PrivateFormat.TraditionalOpenSSL)


def _ppk(chance: random.Random) -> str:
    public, private = base64.b64encode(chance.randbytes(279)).decode(), base64.b64encode(chance.randbytes(600)).decode()
    return (f"PuTTY-User-Key-File-2: ssh-rsa\nEncryption: none\nComment: rsa-key-20190412\nPublic-Lines: 6\n{_lines(public, 64)}\n"
            f"Private-Lines: 13\n{_lines(private, 64)}\nPrivate-MAC: {signs(chance, 'h', 40)}")  # fmt: skip


def _pgp(chance: random.Random) -> str:
    body = b"\x95\x03" + chance.randbytes(700)
    return f"{_begin('PGP PRIVATE KEY BLOCK')}\n\n{_lines(base64.b64encode(body).decode(), 64)}\n={signs(chance, 'B', 4)}\n{_end('PGP PRIVATE KEY BLOCK')}"


def _ovpn(chance: random.Random) -> str:
    return f"{_begin('OpenVPN Static key V1')}\n{_lines(signs(chance, 'h', 512), 32)}\n{_end('OpenVPN Static key V1')}"


def _begin(what: str) -> str:
    return f"-----BEGIN {what}-----"


def _end(what: str) -> str:
    return f"-----END {what}-----"


KINDS: dict[str, Callable[[random.Random], str]] = {
    "p": password,
    "w": lambda chance: chance.choice(_WEAK),
    "uuid": lambda chance: str(uuid.UUID(int=chance.getrandbits(128), version=4)),
    "UUID": lambda chance: str(uuid.UUID(int=chance.getrandbits(128), version=4)).upper(),
    "ghp": _checked("ghp_"),
    "npm": _checked("npm_"),
    "pypi": _pypi,
    "jwt": _jwt,
    "discord": _discord,
    "telegram": lambda chance: f"{signs(chance, 'd', 9)}:AA{signs(chance, 'W', 33)}",
    "xoxb": lambda chance: f"xoxb-{signs(chance, 'd', 12)}-{signs(chance, 'd', 12)}-{signs(chance, 't', 24)}",
    "hvs": lambda chance: f"hvs.{signs(chance, 'W', 92)}",
    "dckr": lambda chance: f"dckr_pat_{signs(chance, 'W', 27)}",
    "wg": lambda chance: base64.b64encode(chance.randbytes(32)).decode(),
    "rsapem": lambda _: _pem(_rsa(), PrivateFormat.TraditionalOpenSSL),
    "dsapem": lambda _: _pem(_dsa(), PrivateFormat.TraditionalOpenSSL),
    "ecpem": _ecdsa,
    "encpem": lambda _: _pem(_rsa(), PrivateFormat.TraditionalOpenSSL, b"x"),
    "pkcs8": lambda _: _pem(ec.generate_private_key(ec.SECP256R1()), PrivateFormat.PKCS8),
    "jsonpem": lambda _: _pem(_rsa(), PrivateFormat.PKCS8).replace("\n", "\\n") + "\\n",
    "b64pem": lambda _: base64.b64encode(_pem(_rsa(), PrivateFormat.TraditionalOpenSSL).encode()).decode(),
    "openssh": lambda _: _pem(ed25519.Ed25519PrivateKey.generate(), PrivateFormat.OpenSSH),
    "ppk": _ppk,
    "pgp": _pgp,
    "ovpn": _ovpn,
}
