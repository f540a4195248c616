"""Answers of the application: JSON by orjson, and text that holds what UTF-8 cannot.

File names in git need not be UTF-8; Python keeps their bytes as lone surrogates, which neither a page nor orjson can encode.
One such name must not turn every page that shows it into an error.
"""

import json
from datetime import datetime
from typing import Any

import orjson
from flask import Response
from flask.json.provider import JSONProvider
from flask_openapi3 import OpenAPI


class Json(JSONProvider):
    """orjson for answers: a quarter of the CPU of the standard library's on long lists."""

    def dumps(self, obj: Any, **_kwargs: Any) -> str:
        """Text, for templates."""
        return _encoded(obj).decode()

    def loads(self, s: str | bytes, **_kwargs: Any) -> Any:
        """Any JSON; raises ValueError, which Flask answers with 400."""
        return orjson.loads(s)

    def response(self, *args: Any, **kwargs: Any) -> Response:
        """A JSON answer, without the detour over text."""
        return Response(_encoded(self._prepare_response_obj(args, kwargs)), content_type="application/json")


class Application(OpenAPI):
    """Flask with the API's description; a page shows what UTF-8 cannot hold as an escape."""

    def make_response(self, rv: Any) -> Response:
        """See Flask."""
        if isinstance(rv, str):
            rv = rv.encode(errors="backslashreplace")
        elif isinstance(rv, tuple) and isinstance(rv[0], str):
            rv = (rv[0].encode(errors="backslashreplace"), *rv[1:])
        return super().make_response(rv)


def _encoded(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return json.dumps(value, default=_plain).encode()


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not JSON")
