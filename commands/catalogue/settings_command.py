"""Commands that travel in Apple's Settings command, whose items a device answers one by one.

https://developer.apple.com/documentation/devicemanagement/settings-command
"""

import abc
from typing import Any

from commands.apple.errors import failure_reason
from commands.catalogue.base import Command, Delivery
from commands.catalogue.verdicts import Answer, Failed, Status, Verdict


class SettingsCommand(Command, abc.ABC):
    """A device that took the command may have refused an item of it: that is the row's failure."""

    judged = True

    @abc.abstractmethod
    def items(self, delivery: Delivery) -> list[dict[str, Any]]:
        """The settings, each a dictionary with its `Item`."""

    def apple(self, delivery: Delivery) -> dict[str, Any] | None:
        return {"RequestType": "Settings", "Settings": self.items(delivery)}

    def judge(self, delivery: Delivery, answer: Answer) -> Verdict:
        refused = [] if answer.is_not_now else refused_items(answer.report)
        return Failed("; ".join(refused)) if refused else super().judge(delivery, answer)


def refused_items(report: dict[str, Any]) -> list[str]:
    """`Item: why` of each that was not acknowledged. Devices answer with a list, Apple's page shows one dictionary."""
    told = report.get("Settings")
    answers = [answer for answer in (told if isinstance(told, list) else [told]) if isinstance(answer, dict)]
    return [_refusal(answer) for answer in answers if answer.get("Status") not in (None, Status.ACKNOWLEDGED)]


def _refusal(answer: dict[str, Any]) -> str:
    name = str(answer.get("Item") or answer.get("Identifier") or "a setting")[:100]
    malformed = answer.get("Status") == Status.COMMAND_FORMAT_ERROR
    status = Status.COMMAND_FORMAT_ERROR if malformed else Status.ERROR
    return f"{name}: {failure_reason(status, answer.get('ErrorChain'))}"
