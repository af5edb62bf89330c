"""Where Apple's Apps and Books sends its notifications.

A bearer token proves the sender: the secret that we gave Apple. Anything but 2xx makes Apple send again, three times.
"""

import hmac
import uuid

import orjson
import structlog
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse

from apps_domain.models import VppLocation
from apps_domain.nudges import nudge_sync
from apps_domain.services.licence_notifications import take_notification
from config.api.bodies import read_body
from config.api.client import client_address

log = structlog.get_logger(__name__)

MAX_BODY = 1024 * 1024  # Apple's have a hundred assignments at most


def vpp_notification(request: HttpRequest, location_id: uuid.UUID) -> HttpResponse:
    if request.method != "POST":
        return _plain(405, "Apple POSTs its notifications here.", {"Allow": "POST"})
    location = VppLocation.objects.filter(pk=location_id).first()
    if location is None or not _is_from_apple(request, location):
        log.warning("vpp_notification_refused", location=str(location_id), source=client_address(request))
        return _plain(403, "The bearer token is not the one that Apple was given.")
    try:
        told = orjson.loads(read_body(request, MAX_BODY))
    except RequestDataTooBig:
        return _plain(413, "The notification is too large.")
    except orjson.JSONDecodeError:
        told = None
    if not isinstance(told, dict) or told.get("uId", location.uid) != location.uid:
        return _plain(400, "This is no notification about this location.")
    if take_notification(location=location, told=told):
        nudge_sync()
    return HttpResponse(status=204)


def _is_from_apple(request: HttpRequest, location: VppLocation) -> bool:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    secret = bytes(location.notification_secret or b"")
    return bool(secret) and scheme.lower() == "bearer" and hmac.compare_digest(token.strip().encode(), secret)


def _plain(status: int, text: str, headers: dict[str, str] | None = None) -> HttpResponse:
    return HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8", headers=headers)
