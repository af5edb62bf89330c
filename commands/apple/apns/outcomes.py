"""What is pushed, and what became of it.

The meaning of each answer: Apple, "Handling notification responses from APNs",
https://developer.apple.com/documentation/usernotifications/handling-notification-responses-from-apns
"""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What the caller should do next."""

    ACCEPTED = "accepted"
    DEAD_TOKEN = "dead_token"  # do not push to this token until the device sends another
    STOP_TOPIC = "stop_topic"  # our certificate or topic is wrong: stop the topic and raise an alarm
    RETRY = "retry"  # nothing wrong with the notification: send it again later
    REFUSED = "refused"  # our mistake: log it, sending it again will not help


@dataclass(frozen=True, slots=True)
class Notification:
    """One wake-up call. `id` is the caller's own key and comes back in the outcome."""

    id: str
    token: bytes
    push_magic: str
    topic: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """`status` is the HTTP status, 0 when there was no answer. `retry_after` is in seconds, None when not told."""

    id: str
    verdict: Verdict
    status: int
    reason: str
    retry_after: float | None = None


# Reasons of our own, beside Apple's, for what happens without an answer.
CONNECT_FAILED = "ConnectFailed"
CONNECTION_LOST = "ConnectionLost"
SERVER_NOT_TRUSTED = "ServerNotTrusted"
CERTIFICATE_REFUSED = "CertificateRefused"
RESPONSE_TIMEOUT = "ResponseTimeout"
BATCH_TIMEOUT = "BatchTimeout"
STREAM_RESET = "StreamReset"

_VERDICT_OF_REASON = {
    "Unregistered": Verdict.DEAD_TOKEN,
    "ExpiredToken": Verdict.DEAD_TOKEN,
    "BadDeviceToken": Verdict.DEAD_TOKEN,
    "MissingDeviceToken": Verdict.DEAD_TOKEN,
    "DeviceTokenNotForTopic": Verdict.DEAD_TOKEN,
    "BadCertificate": Verdict.STOP_TOPIC,
    "BadCertificateEnvironment": Verdict.STOP_TOPIC,
    "BadTopic": Verdict.STOP_TOPIC,
    "MissingTopic": Verdict.STOP_TOPIC,
    "TopicDisallowed": Verdict.STOP_TOPIC,
    "Forbidden": Verdict.STOP_TOPIC,
    "ExpiredProviderToken": Verdict.STOP_TOPIC,
    "InvalidProviderToken": Verdict.STOP_TOPIC,
    "MissingProviderToken": Verdict.STOP_TOPIC,
    CERTIFICATE_REFUSED: Verdict.STOP_TOPIC,
    "TooManyRequests": Verdict.RETRY,
    "TooManyProviderTokenUpdates": Verdict.RETRY,
    "IdleTimeout": Verdict.RETRY,
    "InternalServerError": Verdict.RETRY,
    "ServiceUnavailable": Verdict.RETRY,
    "Shutdown": Verdict.RETRY,
}
_VERDICT_OF_STATUS = {
    200: Verdict.ACCEPTED,
    403: Verdict.STOP_TOPIC,
    408: Verdict.RETRY,
    410: Verdict.DEAD_TOKEN,
    429: Verdict.RETRY,
}


def judge(status: int, reason: str) -> Verdict:
    """The reason decides; the status only for reasons Apple has not told us of. Status 0 means no answer."""
    if status == 200:
        return Verdict.ACCEPTED
    by_status = _VERDICT_OF_STATUS.get(status)
    if by_status is None:
        by_status = Verdict.REFUSED if 300 <= status < 500 else Verdict.RETRY
    return _VERDICT_OF_REASON.get(reason, by_status)
