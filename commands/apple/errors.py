"""A device's errors in words.

https://developer.apple.com/documentation/devicemanagement/implementing-device-management (Status values, ErrorChain)
"""

from typing import Any

from commands.catalogue.verdicts import Answer, Status

MAX_REASON = 2000
UNREADABLE_TO_DEVICE = "The device could not read the command (CommandFormatError)."
UNTOLD = "The device reported an error without saying which."


def answer_of(status: Status, report: dict[str, Any]) -> Answer:
    failed = status in (Status.ERROR, Status.COMMAND_FORMAT_ERROR)
    return Answer(status, failure_reason(status, report.get("ErrorChain")) if failed else "", report)


def failure_reason(status: Status, chain: Any) -> str:
    """The device's own words in US English, as far as it gave any. `chain`: its ErrorChain."""
    errors = [error for error in chain if isinstance(error, dict)] if isinstance(chain, list) else []
    lines = [_error_line(error) for error in errors]
    if status is Status.COMMAND_FORMAT_ERROR:
        lines.insert(0, UNREADABLE_TO_DEVICE)
    return ("; ".join(lines) or UNTOLD).replace("\0", "")[:MAX_REASON]


def _error_line(error: dict[str, Any]) -> str:
    words = error.get("USEnglishDescription") or error.get("LocalizedDescription") or "no description"
    return f"{words} ({error.get('ErrorDomain', 'unknown domain')} {error.get('ErrorCode', '?')})"
