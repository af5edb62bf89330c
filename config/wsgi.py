"""The WSGI application that the web processes serve."""

import os
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from config.uploads import FORM_OVERHEAD

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")

STREAMED = frozenset({"/api/v2/tenant-apps"})
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def with_chunked_bodies(inner: Application) -> Application:
    """Django reads only bodies that announce their length: of a chunked one it would see nothing.

    It is read here up to the limit for all bodies, and one byte more when it is larger: Django then answers 413. An
    app that is uploaded is far larger; its route reads it piece by piece, to its end or its own limit.
    """

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower() and not environ.get("CONTENT_LENGTH"):
            if environ.get("PATH_INFO") in STREAMED:
                limit = settings.APP_UPLOAD_MAX + FORM_OVERHEAD
                return inner({**environ, "CONTENT_LENGTH": str(limit)}, start_response)
            body = environ["wsgi.input"].read(settings.API_MAX_BODY + 1)
            environ = {**environ, "CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body)}
        return inner(environ, start_response)

    return application


application = with_chunked_bodies(get_wsgi_application())
