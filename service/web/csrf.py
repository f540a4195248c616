"""No other site makes a logged-in browser act: form tokens, and where the browser says it came from.

The token is an HMAC keyed with the session cookie itself, 256 random bits that only its browser holds, so there is no
key to keep or to share between hosts. It is masked with fresh random bytes in each page: compression cannot leak it.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from urllib.parse import urlsplit

from flask import request
from markupsafe import Markup

from service.kernel.access import cookie_name, credentials_of, site
from service.kernel.errors import Problem

FIELD = "csrf_token"
HEADER = "X-CSRF-Token"
FORM_BYTES_MAX = 1024 * 1024
_SAFE = ("GET", "HEAD", "OPTIONS")
_CLIENT_PATHS = ("/pypi/", "/npm/", "/maven/", "/nuget/", "/generic/", "/git/")


class ForeignRequest(Problem):
    """403: a browser was sent here by another site, or by a page of an ended session."""

    status = 403
    says = "this request did not come from a Lockgate page: {why}"
    todo = "Open the page again and repeat what you did there."


def token() -> str:
    """The form token of the running session; "" when there is none."""
    cookie = request.cookies.get(cookie_name(), "")
    if not cookie:
        return ""
    mask = secrets.token_bytes(32)
    return base64.urlsafe_b64encode(mask + _xor(mask, _mac(cookie))).decode()


def field() -> Markup:
    """The hidden field that every form with a POST carries."""
    value = token()
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, value) if value else Markup()


def check() -> None:
    """Before each request: an unsafe one that a browser vouches for comes from our own page, or ForeignRequest.

    The origin counts for Basic credentials and package routes as well: a browser that was once asked for a password
    sends it along with other sites' forms too.
    """
    if request.method in _SAFE:
        return
    why = _foreign_origin()
    if why:
        raise ForeignRequest(why=why)
    if request.path.startswith(_CLIENT_PATHS) or credentials_of(request.headers):
        return
    cookie = request.cookies.get(cookie_name(), "")
    if cookie and not _fits(_sent_token(), cookie):
        raise ForeignRequest(why="its form token is missing or belongs to another session")


def _foreign_origin() -> str:
    fetch_site = request.headers.get("Sec-Fetch-Site")
    if fetch_site is not None and fetch_site not in ("same-origin", "none"):
        return f"the browser calls it {fetch_site}"
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc not in (request.host, urlsplit(site().settings.base_url).netloc):
        return f"its origin is {origin[:100]}"
    return ""


def _sent_token() -> str:
    header = request.headers.get(HEADER, "")
    if header:
        return header
    if request.mimetype not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return ""
    if request.max_content_length is None:
        request.max_content_length = FORM_BYTES_MAX
    return request.form.get(FIELD, "")


def _fits(sent: str, cookie: str) -> bool:
    try:
        raw = base64.urlsafe_b64decode(sent.encode())
    except (binascii.Error, ValueError):
        return False
    return len(raw) == 64 and hmac.compare_digest(_xor(raw[:32], raw[32:]), _mac(cookie))


def _mac(cookie: str) -> bytes:
    return hmac.digest(cookie.encode(), b"lockgate form token", hashlib.sha256)


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
