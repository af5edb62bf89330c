"""A device's errors in words.

https://developer.apple.com/documentation/devicemanagement/implementing-device-management (Status values, ErrorChain)
"""

from typing import Any

from commands.catalogue.verdicts import Answer, Status

MAX_REASON = 2000
UNREADABLE_TO_DEVICE = "The device could not read the command (CommandFormatError)."
UNTOLD = "The device reported an error without saying which."
# A profile to be removed that the device does not have: on iOS and its kin, on macOS.
PROFILE_IS_ABSENT = frozenset({("MCMDMErrorDomain", 12075), ("MDMClientError", 89)})
# https://developer.apple.com/documentation/devicemanagement/remove-application-command; two codes say the same
APP_IS_NOT_MANAGED = frozenset({("MCMDMErrorDomain", 12029), ("MCMDMErrorDomain", 12038)})
# https://developer.apple.com/documentation/devicemanagement/play-lost-mode-sound-command
NOT_IN_LOST_MODE = 12067


def answer_of(status: Status, report: dict[str, Any]) -> Answer:
    failed = status in (Status.ERROR, Status.COMMAND_FORMAT_ERROR)
    return Answer(status, failure_reason(status, report.get("ErrorChain")) if failed else "", report)


def failure_reason(status: Status, chain: Any) -> str:
    """The device's own words in US English, as far as it gave any. `chain`: its ErrorChain."""
    lines = [_error_line(error) for error in _errors(chain)]
    if status is Status.COMMAND_FORMAT_ERROR:
        lines.insert(0, UNREADABLE_TO_DEVICE)
    return ("; ".join(lines) or UNTOLD).replace("\0", "")[:MAX_REASON]


def has_error(report: dict[str, Any], kinds: frozenset[tuple[str, int]]) -> bool:
    """Whether the chain holds one of these, by domain and code."""
    told = [(error.get("ErrorDomain"), error.get("ErrorCode")) for error in _errors(report.get("ErrorChain"))]
    return any(error in told for error in kinds)


def has_code(report: dict[str, Any], code: int) -> bool:
    return any(error.get("ErrorCode") == code for error in _errors(report.get("ErrorChain")))


def _errors(chain: Any) -> list[dict[str, Any]]:
    return [error for error in chain if isinstance(error, dict)] if isinstance(chain, list) else []


def _error_line(error: dict[str, Any]) -> str:
    words = error.get("USEnglishDescription") or error.get("LocalizedDescription") or "no description"
    return f"{words} ({error.get('ErrorDomain', 'unknown domain')} {error.get('ErrorCode', '?')})"
