"""One notification on its way: the request it becomes, and what has come back so far."""

import json
import re
import time
from collections.abc import Iterable
from email.utils import parsedate_to_datetime

from hpack import HeaderTuple, NeverIndexedHeaderTuple

from commands.apple.apns.outcomes import Notification, Outcome, judge

MAX_PAYLOAD_BYTES = 4096
MAX_TOKEN_BYTES = 512  # Apple says the length may vary; today's are 32
_MAX_ANSWER_BYTES = 4096  # real ones are some forty bytes
_TOPIC = re.compile(r"[!-~]{1,255}")


class Exchange:
    """`outcome` is None until the exchange is over."""

    __slots__ = (
        "_body",
        "_retry_after",
        "_status",
        "deadline",
        "headers",
        "notification",
        "outcome",
        "payload",
        "unsent",
    )

    def __init__(self, notification: Notification, *, authority: bytes, expiration: bytes) -> None:
        self.notification = notification
        self.payload = json.dumps({"mdm": notification.push_magic}).encode()
        self.headers = _headers(notification, authority=authority, expiration=expiration)
        self.unsent = b""
        self.deadline = 0.0
        self.outcome: Outcome | None = None
        self._status = 0
        self._retry_after: float | None = None
        self._body = b""
        self._refuse_the_impossible()

    def read_headers(self, headers: Iterable[tuple[bytes | str, bytes | str]]) -> None:
        for name, value in headers:
            if name == b":status":
                self._status = int(value) if value.isdigit() else 0
            elif name == b"retry-after":
                self._retry_after = _seconds_until(value)

    def read_body(self, data: bytes) -> None:
        self._body += data[: _MAX_ANSWER_BYTES - len(self._body)]

    def answered(self) -> None:
        self.settle(_reason(self._body), status=self._status)

    def settle(self, reason: str, *, status: int = 0) -> Outcome:
        """Close the exchange. Status 0: without an answer."""
        self.outcome = Outcome(
            id=self.notification.id,
            verdict=judge(status, reason),
            status=status,
            reason=reason,
            retry_after=self._retry_after,
        )
        return self.outcome

    def _refuse_the_impossible(self) -> None:
        """What APNs would refuse anyway is not sent: a malformed header would cost the whole connection."""
        token, topic = self.notification.token, self.notification.topic
        if not token or len(token) > MAX_TOKEN_BYTES:
            self.settle("BadDeviceToken", status=400)
        elif not _TOPIC.fullmatch(topic):
            self.settle("BadTopic" if topic else "MissingTopic", status=400)
        elif len(self.payload) > MAX_PAYLOAD_BYTES:
            self.settle("PayloadTooLarge", status=413)


def _headers(notification: Notification, *, authority: bytes, expiration: bytes) -> list[HeaderTuple]:
    """The token is different in each request: kept out of the header table, which would only churn."""
    return [
        HeaderTuple(b":method", b"POST"),
        HeaderTuple(b":scheme", b"https"),
        HeaderTuple(b":authority", authority),
        NeverIndexedHeaderTuple(b":path", b"/3/device/" + notification.token.hex().encode()),
        HeaderTuple(b"apns-push-type", b"mdm"),
        HeaderTuple(b"apns-topic", notification.topic.encode()),
        HeaderTuple(b"apns-priority", b"10"),
        HeaderTuple(b"apns-expiration", expiration),
    ]


def _reason(body: bytes) -> str:
    """The reason in an answer's body; empty when there is none."""
    try:
        reason = json.loads(body)["reason"] if body else ""
    except (ValueError, KeyError, TypeError):
        return ""
    return reason if isinstance(reason, str) else ""


def _seconds_until(value: bytes | str) -> float | None:
    """Retry-After as seconds from now, whether it was a number or a date; None when it is neither."""
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else value
    if text.strip().isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
