"""Why rows fail."""

from enum import StrEnum
from typing import Any


class Code(StrEnum):
    """Why a row failed, for programs; the reason beside it is for people."""

    INVALID = "INVALID"  # it cannot be read
    DUPLICATE = "DUPLICATE"  # a row before it names the same
    BLUEPRINT = "BLUEPRINT"  # unknown, or there is none
    GROUP = "GROUP"  # unknown
    ENROLLED = "ENROLLED"  # its device is enrolled
    AMBIGUOUS = "AMBIGUOUS"  # its identifiers are those of several devices


RETRIABLE = (Code.BLUEPRINT, Code.GROUP, Code.ENROLLED, Code.AMBIGUOUS)


def failure(code: Code, reason: str) -> dict[str, Any]:
    """The `meta` of a failed row."""
    return {"reason": reason[:1000], "code": code.value}
