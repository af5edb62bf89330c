"""What goes wrong with a simulated device, as it was told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from onboarding.simulation.apple_answers import DEFERRED_WHILE_LOCKED, Answer, error_answer, error_chain, not_installed
from onboarding.simulation.apple_channel import Interrupted
from onboarding.simulation.apple_profile import ProfileError, read_profile

Countable = Literal["lose_replies", "lose_requests", "lose_commands", "repeat_replies", "put_off"]


@dataclass
class Faults:
    """The numbers are how many times; each time takes one off."""

    lose_replies: int = 0
    """It carries a command out but its report is lost."""
    lose_requests: int = 0
    """A message never arrives."""
    lose_commands: int = 0
    """The server's answer is lost on its way."""
    repeat_replies: int = 0
    """A report is sent twice."""
    put_off: int = 0
    """Commands answered with NotNow, of those that a locked device puts off."""
    refuses: set[str] = field(default_factory=set)
    """Kinds of payloads (`com.apple.wifi.managed`) and of declarations, items of Settings (`Wallpaper`), commands."""
    dies_after: int | None = None
    """Commands that it still carries out; the next one it takes and is never heard of again."""
    dead: bool = False
    """It takes no notice of pushes."""
    update_fails: str = ""
    """Why updates of its system fail; empty: they do not."""

    def spend(self, fault: Countable) -> bool:
        """Whether a misbehaviour is due now; takes one from its count."""
        left = int(getattr(self, fault))
        if left > 0:
            setattr(self, fault, left - 1)
        return left > 0

    def send(self, report: Mapping[str, Any], put: Callable[[], bytes]) -> bytes:
        """Sends a report by ``put``, or loses or repeats it."""
        is_idle = report["Status"] == "Idle"
        if not is_idle and self.spend("lose_replies"):
            raise Interrupted("reply lost")
        if self.spend("lose_requests"):
            raise Interrupted("request lost")
        if not is_idle and self.spend("repeat_replies"):
            put()
        return put()

    def receive(self, content: bytes) -> bytes:
        """The server's answer, if it is not lost on its way."""
        if content and self.spend("lose_commands"):
            raise Interrupted("command lost")
        return content

    def dies_now(self) -> bool:
        if self.dies_after is None:
            return False
        self.dies_after -= 1
        self.dead = self.dead or self.dies_after < 0
        return self.dies_after < 0

    def answer(self, command: Mapping[str, Any], carry_out: Callable[[Mapping[str, Any]], Answer]) -> Answer:
        """What the device answers, with what it does not do of the command left out."""
        request_type = str(command.get("RequestType"))
        if request_type in DEFERRED_WHILE_LOCKED and self.spend("put_off"):
            return Answer("NotNow")
        if request_type in self.refuses:
            return error_answer("MCMDMErrorDomain", 12021, f"“{request_type}” is not a valid request type.")
        if request_type == "InstallProfile" and (kind := self._refused_payload(command)):
            return not_installed("MCPayloadErrorDomain", 2004, f"The payload “{kind}” cannot be installed here.")
        if request_type == "Settings" and isinstance(command.get("Settings"), list):
            return self._answer_settings(command, carry_out)
        return carry_out(command)

    def _refused_payload(self, command: Mapping[str, Any]) -> str:
        data = command.get("Payload")
        try:
            profile = read_profile(data) if isinstance(data, bytes) and self.refuses else None
        except ProfileError:
            return ""
        return next((kind for kind in sorted(self.refuses) if profile and profile.payloads(kind)), "")

    def _answer_settings(self, command: Mapping[str, Any], carry_out: Callable[[Mapping[str, Any]], Answer]) -> Answer:
        items = command["Settings"]
        refused = [isinstance(item, dict) and item.get("Item") in self.refuses for item in items]
        taken = [item for item, is_refused in zip(items, refused, strict=True) if not is_refused]
        answer = carry_out({**command, "Settings": taken})
        if "Settings" not in answer.fields:
            return answer  # the command as a whole was not taken
        told = iter(answer.fields["Settings"])
        settings = [
            _refusal(item["Item"]) if is_refused else next(told)
            for item, is_refused in zip(items, refused, strict=True)
        ]
        return Answer(answer.status, {**answer.fields, "Settings": settings}, answer.afterwards)

    def _refuses_item(self, item: object) -> bool:
        return isinstance(item, dict) and item.get("Item") in self.refuses


def _refusal(name: str) -> dict[str, Any]:
    cause = ("MCSettingsErrorDomain", 28001, f"The setting “{name}” cannot be changed here.")
    return {"Item": name, "Status": "Error", "ErrorChain": error_chain(cause)}
