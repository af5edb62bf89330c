"""The request chain: device protocols by the short way, request ids, content security policy."""

import uuid
from collections.abc import Callable

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, ResolverMatch, get_resolver

log = structlog.get_logger(__name__)
GetResponse = Callable[[HttpRequest], HttpResponse]

DEVICE_PREFIX = "/mdm/"
DEVICE_URLCONF = "config.device_urls"


class DeviceEndpoints:
    """First in the chain: a device's request goes straight to its view, past sessions, CSRF, messages and the rest.

    A device must never see 500 (it may drop the answer it was about to give) nor a stray 401 (it would unenrol):
    whatever breaks is logged and answered 503, which every device takes as "later".
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.resolver = get_resolver(DEVICE_URLCONF)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(DEVICE_PREFIX):
            return self.get_response(request)
        try:
            match = self.resolver.resolve(request.path_info)
        except Resolver404:
            return HttpResponse("No such device endpoint.\n", status=404, content_type="text/plain")
        request_id = request.META.get("HTTP_X_REQUEST_ID", "")[:64] or str(uuid.uuid4())
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self._answer(request, match)
        response["X-Request-Id"] = request_id
        return response

    def _answer(self, request: HttpRequest, match: ResolverMatch) -> HttpResponse:
        try:
            answer: HttpResponse = match.func(request, *match.args, **match.kwargs)
        except Exception:  # the one place where a device's request may end badly
            log.exception("device_request_failed", path=request.path_info, method=request.method)
            headers = {"Retry-After": "60"}
            return HttpResponse("Try again later.\n", status=503, content_type="text/plain", headers=headers)
        return answer


class RequestIdHeader:
    """Answers with the request id that the logs carry."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        request_id = structlog.contextvars.get_contextvars().get("request_id")
        if request_id:
            response["X-Request-Id"] = str(request_id)
        return response


class ContentSecurityPolicy:
    """Two policies: the console's toolkit evaluates expressions in attributes, everything else may not.

    The console shows icons of store apps, which lie at Apple.
    """

    PLAIN = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
    CONSOLE = (
        "default-src 'self'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: {icons}; frame-ancestors 'self'"
    )
    API_DOCS = (
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; worker-src blob:; frame-ancestors 'none'"
    )

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Content-Security-Policy", self._policy(request.path_info))
        return response

    def _policy(self, path: str) -> str:
        if path.startswith("/admin/"):
            return self.CONSOLE.format(icons=" ".join(settings.STORE_ICON_HOSTS))
        return self.API_DOCS if path.startswith("/api/docs/") else self.PLAIN
