"""The one tree of errors. Services raise them; only `exception_handler` turns them into answers."""

from typing import Any


class ApplicationError(Exception):
    """An error that a caller can do something about.

    `message` is shown to the caller and says what to do; `content` holds details, field errors for instance.
    """

    http_status = 500
    default_message = "Something went wrong on our side."

    def __init__(self, message: str = "", *, content: dict[str, Any] | None = None) -> None:
        self.message = message or self.default_message
        self.content = content or {}
        super().__init__(self.message)


class BadRequest(ApplicationError):
    http_status = 400
    default_message = "Bad request."


class NeedsForce(BadRequest):
    """A refusal that the caller may override with `force`, knowing now what it would do."""


class Unauthorized(ApplicationError):
    http_status = 401
    default_message = "Authorization information is missing or invalid."


class Forbidden(ApplicationError):
    http_status = 403
    default_message = "This token's role does not allow this."


class NotFound(ApplicationError):
    """Absent, or another tenant's: the caller cannot tell which."""

    http_status = 404
    default_message = "Not found."


class OutsideServiceFailed(ApplicationError):
    """A service of others gave no answer, and there is none of ours to give instead. `wait`: seconds, for Retry-After.

    The documented status for that is 500.
    """

    wait = 30


class Conflict(ApplicationError):
    http_status = 409
    default_message = "The object has changed meanwhile; read it again."


class PayloadTooLarge(ApplicationError):
    http_status = 413
    default_message = "The request body is too large."
