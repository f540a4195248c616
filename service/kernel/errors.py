"""Problems a caller can act on; the roof maps them to HTTP once (RFC 9457)."""

from typing import Any


class Problem(Exception):
    """Something the caller did or asked that cannot be done.

    A subclass sets `status` (HTTP) and `says`, a sentence with `{names}` filled from the keyword arguments, and may set
    `todo`, a sentence that tells what to do about it. Raise it beside the code that knows.
    """

    status = 400
    says = "the request cannot be carried out"
    todo = ""

    def __init__(self, **facts: Any) -> None:
        self.facts = facts
        self.detail = self.says.format(**facts)
        self.todo = self.todo.format(**facts)
        super().__init__(self.detail)

    @property
    def title(self) -> str:
        """The kind of problem in a few words, from the class name: `FileExists` is `File exists`."""
        name = type(self).__name__
        return "".join(f" {c.lower()}" if c.isupper() and i else c for i, c in enumerate(name))

    @property
    def headers(self) -> dict[str, str]:
        """Response headers that belong to this problem."""
        return {}


class Missing(Problem):
    """404: there is no such thing, or it is hidden from the caller."""

    status = 404
    says = "there is no {what} named {name}"


class Clash(Problem):
    """409: the request contradicts what is already there."""

    status = 409
    says = "{what} {name} already exists"


class Refused(Problem):
    """403: known caller, not allowed."""

    status = 403
    says = "{who} may not {action} on {resource}"
    todo = "Ask an administrator for a policy that allows {action} on {resource}."


class Malformed(Problem):
    """400: the request cannot be understood; `where` names the field, line or file."""

    status = 400
    says = "{where}: {why}"


class Unauthenticated(Problem):
    """401: nobody, or a token that is unknown, expired or revoked."""

    status = 401
    says = "{why}"
    todo = "Send a token as HTTP Basic password or as `Authorization: Bearer TOKEN`."

    @property
    def headers(self) -> dict[str, str]:
        """The challenge that makes git, pip, NuGet and browsers ask for credentials."""
        return {"WWW-Authenticate": 'Basic realm="Lockgate", charset="UTF-8"'}


class TooLarge(Problem):
    """413: over a stated limit."""

    status = 413
    says = "{what} is larger than the limit of {limit_bytes} bytes"


class Unavailable(Problem):
    """503: a part this needs is not there right now."""

    status = 503
    says = "{what} is not available: {why}"
