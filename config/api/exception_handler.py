"""Every error of the API leaves through here, in the envelope `{code, message, content}`."""

from collections.abc import Iterator
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation, ValidationError
from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from config.api.envelopes import envelope
from config.api.errors import ApplicationError, BadRequest, Forbidden, NotFound, PayloadTooLarge

log = structlog.get_logger(__name__)


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response:
    set_rollback()
    error = as_application_error(exc)
    response = Response(
        envelope(error.content, code=error.http_status, message=error.message), status=error.http_status
    )
    if error.http_status >= 500:
        log.exception("request_failed", exc_info=exc)
    for name, value in _headers(exc):
        response[name] = value
    return response


def _headers(exc: Exception) -> Iterator[tuple[str, str]]:
    header = getattr(exc, "auth_header", None)
    if header:
        yield "WWW-Authenticate", header
    elif getattr(exc, "http_status", None) == 401:
        yield "WWW-Authenticate", "Bearer"
    wait = getattr(exc, "wait", None)
    if wait:
        yield "Retry-After", str(int(wait) + 1)


def as_application_error(exc: Exception) -> ApplicationError:
    if isinstance(exc, ApplicationError):
        return exc
    if isinstance(exc, Http404):
        return NotFound()
    if isinstance(exc, PermissionDenied):
        return Forbidden()
    if isinstance(exc, RequestDataTooBig):
        return PayloadTooLarge(f"The request body is larger than {settings.DATA_UPLOAD_MAX_MEMORY_SIZE} bytes.")
    if isinstance(exc, SuspiciousOperation):  # more query parameters than Django reads, for instance
        return BadRequest(str(exc)[:200])
    if isinstance(exc, ValidationError):
        fields = exc.message_dict if hasattr(exc, "error_dict") else {"detail": exc.messages}
        return _field_errors(fields)
    if isinstance(exc, exceptions.ValidationError):
        return _field_errors(exc.detail)
    if isinstance(exc, exceptions.APIException):
        error = ApplicationError(str(exc.detail))
        error.http_status = exc.status_code
        return error
    return ApplicationError()


def _field_errors(detail: Any) -> BadRequest:
    """The field errors as `content`, and the first few of them as a sentence."""
    fields = _plain(detail if isinstance(detail, dict) else {"detail": detail})
    lines = [f"{path}: {text}" if path else text for path, text in _flatten(fields)]
    more = f" (and {len(lines) - 3} more)" if len(lines) > 3 else ""
    return BadRequest(" ".join(lines[:3]) + more, content=fields)


def _plain(detail: Any) -> Any:
    """Errors in lists come under the number of their item: JSON's keys are texts."""
    if isinstance(detail, dict):
        return {str(key): _plain(value) for key, value in detail.items()}
    return [_plain(item) for item in detail] if isinstance(detail, list) else str(detail)


def _flatten(detail: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(detail, dict):
        for key, value in detail.items():
            step = "" if key in {"non_field_errors", "detail", "__all__"} else str(key)
            yield from _flatten(value, ".".join(filter(None, (path, step))))
    elif isinstance(detail, list):
        for value in detail:
            yield from _flatten(value, path)
    else:
        yield path, str(detail)


def json_error(status: int, message: str) -> JsonResponse:
    """For answers made outside of a view: unknown routes, failures in the middleware."""
    return JsonResponse(envelope({}, code=status, message=message), status=status)


@csrf_exempt  # whoever calls, the answer is the same
def unknown_route(request: HttpRequest) -> JsonResponse:
    return json_error(404, f"No operation at {request.path}. The documented ones are listed at /api/docs/.")
