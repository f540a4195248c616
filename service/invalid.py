"""A request that does not fit its route's parameters, answered as a problem document that names each place."""

import orjson
from flask import Response, request
from pydantic import BaseModel, ValidationError


class Wrong(BaseModel):
    """One place of the request and what is wrong there."""

    where: str
    """A path into the body, query or path parameters: `stages.0.name`."""
    why: str


class Invalid(BaseModel):
    """The problem document of status 422; RFC 9457 with a list of places."""

    type: str = "about:blank"
    title: str = "The request does not fit"
    status: int = 422
    detail: str
    todo: str = "Send what /api/v1/openapi.json describes for this address."
    instance: str
    request_id: str
    errors: list[Wrong]


def answer(error: ValidationError) -> Response:
    """The answer for what pydantic refused. Values are not repeated: they may be secrets."""
    wrong = [Wrong(where=".".join(map(str, each["loc"])) or "body", why=each["msg"])
             for each in error.errors(include_url=False, include_context=False, include_input=False)]
    document = Invalid(
        detail="; ".join(f"{one.where}: {one.why}" for one in wrong), instance=request.path,
        request_id=str(request.environ.get("lockgate.request_id", "")), errors=wrong,
    )
    return Response(orjson.dumps(document.model_dump()), 422, content_type="application/problem+json")
