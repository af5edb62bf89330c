"""How Apps and Books says no, sorted by what can be done about it.

Numbers: https://developer.apple.com/documentation/devicemanagement/handling-error-responses; those below 9700 that this
page does not list come from the older interface, and may still be met.
"""

import datetime as dt
from email.utils import parsedate_to_datetime
from enum import StrEnum

LONGEST_WAIT = 24 * 3600


class Kind(StrEnum):
    TOKEN = "token"  # expired, revoked, unknown, or without the right: a new one is needed
    STOCK = "stock"  # no licence is left
    ALREADY = "already"  # it is as it was to become
    NOT_ALLOWED = "not allowed"  # for this app, for good
    LIMIT = "limit"  # too much in one request
    FOREIGN = "foreign"  # another device-management server has the location
    EVENT = "event"  # no such event
    OURS = "ours"  # the request is wrong: asking again would be too
    THEIRS = "theirs"  # trouble at Apple's, or on the way
    FLOOD = "flood"  # too many requests


NUMBERS = {
    Kind.TOKEN: (9601, 9621, 9622, 9625, 9637, 9647, 9722),
    Kind.STOCK: (9610, 9631, 9709),
    Kind.ALREADY: (9616, 9619, 9626),
    Kind.NOT_ALLOWED: (9607, 9624, 9628, 9706, 9707),
    Kind.LIMIT: (9700, 9701, 9702),
    Kind.EVENT: (9708,),
    Kind.THEIRS: (9603, 9608, 9612, 9613, 9633, 9644, 9729),
    Kind.FLOOD: (9630, 9632, 9646),
}
KIND_OF = {number: kind for kind, numbers in NUMBERS.items() for number in numbers}
RETRYABLE = frozenset({Kind.THEIRS, Kind.FLOOD})


class VppError(Exception):
    """What went wrong, for people; `number` is Apple's; `retry_after` seconds, if it was told."""

    def __init__(self, message: str, *, kind: Kind, number: int | None = None, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind
        self.number = number
        self.retry_after = retry_after

    @property
    def retryable(self) -> bool:
        return self.kind in RETRYABLE


def kind_of(number: int | None, status: int) -> Kind:
    """By Apple's number; without one by the HTTP status."""
    if number in KIND_OF:
        return KIND_OF[number]
    if status == 429:
        return Kind.FLOOD
    if status >= 500:
        return Kind.THEIRS
    return Kind.TOKEN if status == 401 else Kind.OURS


def seconds_of(header: str, now: dt.datetime) -> int | None:
    """Of a Retry-After header: seconds, or a date (RFC 9110, 10.2.3). None if it is neither."""
    text = header.strip()
    if text.isascii() and text.isdecimal() and len(text) < 10:
        return min(int(text), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return min(max(round((aware - now).total_seconds()), 0), LONGEST_WAIT)
