"""Where a request comes from."""

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The peer's address; behind proxies of ours (TRUSTED_PROXIES) the one that the nearest of them was asked from.

    `X-Forwarded-For` is read from its end, where our own proxies wrote; what a stranger put before is never believed.
    """
    address = request.META.get("REMOTE_ADDR") or ""
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    while address in settings.TRUSTED_PROXIES and hops:
        address = hops.pop()
    return address[:64]
