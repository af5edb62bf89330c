"""How device assignment says no, sorted by what can be done about it.

Bodies: a word, often in quotes (`"T_C_NOT_SIGNED"`), some with more around it.
https://developer.apple.com/documentation/devicemanagement/interpreting-automated-device-enrollment-error-codes
"""

import datetime as dt
import re
from enum import StrEnum

MOST_SKEW = dt.timedelta(minutes=5)  # of clocks that OAuth forgives
LONGEST_CODE = 64


class Kind(StrEnum):
    TERMS = "terms"  # somebody has to agree to Apple's new terms and conditions
    TOKEN = "token"  # expired, revoked or replaced: a new one is needed
    CLOCK = "clock"  # ours differs from Apple's
    DENIED = "denied"  # the token is good, but not for this
    CURSOR_EXPIRED = "cursor expired"  # older than Apple keeps them: all is to be fetched again
    CURSOR_INVALID = "cursor invalid"  # no cursor of Apple's, or none at all: likewise
    CURSOR_EXHAUSTED = "cursor exhausted"  # all was fetched: go on with changes
    GONE = "gone"  # the profile is not known at Apple
    OURS = "ours"  # the request is wrong: asking again would be too
    THEIRS = "theirs"  # trouble at Apple's, or on the way
    FLOOD = "flood"  # too many requests


WORDS = {  # first match counts: EXPIRED_CURSOR is looked for before what is part of it
    "T_C_NOT_SIGNED": Kind.TERMS,
    "ACCESS_DENIED": Kind.DENIED,
    "EXPIRED_CURSOR": Kind.CURSOR_EXPIRED,
    "EXHAUSTED_CURSOR": Kind.CURSOR_EXHAUSTED,
    "INVALID_CURSOR": Kind.CURSOR_INVALID,
    "CURSOR_REQUIRED": Kind.CURSOR_INVALID,
    "NOT_FOUND": Kind.GONE,
    "timestamp_refused": Kind.CLOCK,
    "nonce_used": Kind.THEIRS,  # the next request has another
    "token_expired": Kind.TOKEN,
    "token_rejected": Kind.TOKEN,
    "token_revoked": Kind.TOKEN,
    "signature_invalid": Kind.TOKEN,  # also seen of tokens that another one replaced
    "consumer_key_unknown": Kind.TOKEN,
}
RETRYABLE = frozenset({Kind.THEIRS, Kind.FLOOD})
CURSORS = frozenset({Kind.CURSOR_EXPIRED, Kind.CURSOR_INVALID})  # nothing but a full list helps
SAID = {
    Kind.TERMS: "The organisation has not agreed to Apple's new terms and conditions.",
    Kind.TOKEN: "Apple does not take the token: it has expired, or another one has replaced it.",
    Kind.DENIED: "Apple does not let this MDM server do that.",
    Kind.CLOCK: "This machine's clock differs from Apple's.",
}
_WORD = re.compile(r"[A-Za-z][A-Za-z_]{2,63}")


class DepError(Exception):
    """What went wrong, for people; `code` is Apple's word; `retry_after` seconds, if it was told."""

    def __init__(
        self, message: str, *, kind: Kind, code: str = "", status: int = 0, retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind
        self.code = code
        self.status = status
        self.retry_after = retry_after

    @property
    def retryable(self) -> bool:
        return self.kind in RETRYABLE


def code_of(body: str) -> str:
    """Apple's word in an error's body; "" if there is none, in a proxy's page for instance."""
    text = body.strip().strip('"').strip()
    if text.startswith("<"):
        return ""
    for word in WORDS:
        if word in text:
            return word
    return text if _WORD.fullmatch(text) else ""


def kind_of(code: str, status: int, *, retry_after: int | None = None) -> Kind:
    """By Apple's word; without a known one by the HTTP status."""
    if code in WORDS:
        return WORDS[code]
    if status == 429 or (status == 503 and retry_after is not None):
        return Kind.FLOOD
    if status == 401:
        return Kind.TOKEN
    if not code and status != 400:
        return Kind.THEIRS  # not Apple's own answer, or trouble there
    return Kind.OURS if 400 <= status < 500 and code != "FORBIDDEN" else Kind.THEIRS
