"""The command that turns declarative management on, or has a device look for what it is declared.

Sources: Apple's "Declarative Management" and "Integrating declarative management".
"""

import json
from collections.abc import Mapping
from typing import Any

from onboarding.simulation.apple_answers.answer import Answer, MalformedCommand, optional
from onboarding.simulation.apple_hardware import Hardware
from onboarding.simulation.apple_state import DeviceState


def answer_declarative_management(command: Mapping[str, Any], _hardware: Hardware, state: DeviceState) -> Answer:
    """Acknowledged at once; what there is to fetch is fetched after the conversation.

    With the token in the command the device saves itself the question for it, and does nothing if it is its own.
    """
    data = optional(command, "Data", bytes, b"")
    declared = state.declared
    declared.is_on = True
    if not data:
        declared.due = "tokens"
    elif _token(data) != declared.token:
        declared.due = "declaration-items"
    return Answer()


def _token(data: bytes) -> str:
    try:
        return str(json.loads(data)["SyncTokens"]["DeclarationsToken"])
    except (ValueError, KeyError, TypeError):
        raise MalformedCommand("Data is no TokensResponse") from None
