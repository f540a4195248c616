"""What lets a page of another origin read indexes with a token it was given, as the public registries allow it.

A wildcard never lets a browser add its own cookies, so nobody's login is lent out.
"""

from flask import Response

READABLE = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "ETag, X-PyPI-Last-Serial"}
_PREFLIGHT = {
    **READABLE, "Access-Control-Allow-Methods": "GET, HEAD", "Access-Control-Allow-Headers": "Accept, Authorization, If-None-Match",
    "Access-Control-Max-Age": "86400",
}


def preflight() -> Response:
    """What a browser asks before it sends a token; says nothing about what is here."""
    return Response(status=204, headers=_PREFLIGHT)
