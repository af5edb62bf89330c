"""Reading a device's message within a bound of its own: that of the REST API's bodies may be set lower."""

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest


def read_body(request: HttpRequest, limit: int) -> bytes:
    """RequestDataTooBig when it is longer, or says it is; then nothing of it is read."""
    told = request.META.get("CONTENT_LENGTH") or ""
    if told.isdecimal() and int(told) > limit:
        raise RequestDataTooBig
    body = request.read(limit + 1)
    if len(body) > limit:
        raise RequestDataTooBig
    return body
