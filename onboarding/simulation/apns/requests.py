"""What APNs checks in a push request, in its order, and how it answers.

Apple, "Sending notification requests to APNs" and "Handling notification responses from APNs".
"""

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MAX_PAYLOAD_BYTES = 4096
STATUS_OF_REASON = {
    "BadCollapseId": 400,
    "BadDeviceToken": 400,
    "BadExpirationDate": 400,
    "BadMessageId": 400,
    "BadPriority": 400,
    "BadTopic": 400,
    "DeviceTokenNotForTopic": 400,
    "DuplicateHeaders": 400,
    "IdleTimeout": 400,
    "InvalidPushType": 400,
    "MissingDeviceToken": 400,
    "MissingTopic": 400,
    "PayloadEmpty": 400,
    "TopicDisallowed": 400,
    "BadCertificate": 403,
    "BadCertificateEnvironment": 403,
    "ExpiredProviderToken": 403,
    "Forbidden": 403,
    "InvalidProviderToken": 403,
    "MissingProviderToken": 403,
    "BadPath": 404,
    "MethodNotAllowed": 405,
    "ExpiredToken": 410,
    "Unregistered": 410,
    "PayloadTooLarge": 413,
    "TooManyProviderTokenUpdates": 429,
    "TooManyRequests": 429,
    "InternalServerError": 500,
    "ServiceUnavailable": 503,
    "Shutdown": 503,
}
_PATH = re.compile(r"/3/device/(?P<token>[^/]*)")
_TOKEN = re.compile(r"(?:[0-9a-fA-F]{2})+")


@dataclass(slots=True)
class Request:
    """One HTTP/2 request as it comes in."""

    headers: Mapping[str, str]
    body: bytearray = field(default_factory=bytearray)

    @property
    def token(self) -> str:
        """In lower-case hex; empty when the path has none."""
        match = _PATH.fullmatch(self.headers.get(":path", ""))
        return match["token"].lower() if match else ""


@dataclass(frozen=True, slots=True)
class Received:
    """A notification APNs has accepted. `token` is hex, `expiration` (0: now or never) and `at` are Unix times."""

    token: str
    topic: str
    payload: dict[str, Any]
    push_type: str
    priority: int
    expiration: int
    apns_id: str
    at: float


class Refusal(Exception):
    """`reason` is one of APNs' words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read_notification(request: Request, *, topic: str, now: float) -> Received:
    """The notification in a request that came with a certificate for this topic. Raises Refusal.

    Push type and topic are asked for although APNs can do without them when the certificate has one topic only: a
    server that leaves them out should notice here.
    """
    _check_target(request)
    headers = request.headers
    if headers.get("apns-push-type") != "mdm":
        raise Refusal("InvalidPushType")
    if not headers.get("apns-topic"):
        raise Refusal("MissingTopic")
    if headers["apns-topic"] != topic:
        raise Refusal("TopicDisallowed")
    return Received(
        token=request.token,
        topic=topic,
        payload=_payload(bytes(request.body)),
        push_type=headers["apns-push-type"],
        priority=_priority(headers.get("apns-priority", "10")),
        expiration=_expiration(headers.get("apns-expiration", "0")),
        apns_id=_apns_id(headers.get("apns-id")),
        at=now,
    )


def _check_target(request: Request) -> None:
    if request.headers.get(":method") != "POST":
        raise Refusal("MethodNotAllowed")
    if not _PATH.fullmatch(request.headers.get(":path", "")):
        raise Refusal("BadPath")
    if not _TOKEN.fullmatch(request.token):
        raise Refusal("BadDeviceToken")


def _payload(body: bytes) -> dict[str, Any]:
    if not body:
        raise Refusal("PayloadEmpty")
    if len(body) > MAX_PAYLOAD_BYTES:
        raise Refusal("PayloadTooLarge")
    try:
        payload = json.loads(body)
    except ValueError:
        payload = None
    if not isinstance(payload, dict) or not payload:
        raise Refusal("PayloadEmpty")
    return payload


def _priority(value: str) -> int:
    if value not in {"1", "5", "10"}:
        raise Refusal("BadPriority")
    return int(value)


def _expiration(value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,15}", value):
        raise Refusal("BadExpirationDate")
    return int(value)


def _apns_id(value: str | None) -> str:
    try:
        return str(uuid.UUID(value)) if value else str(uuid.uuid4())
    except ValueError:
        raise Refusal("BadMessageId") from None
