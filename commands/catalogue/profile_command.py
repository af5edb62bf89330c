"""Commands that travel as a configuration profile this server makes."""

import abc
from typing import Any, ClassVar

from commands.apple.errors import PROFILE_IS_ABSENT, has_error
from commands.apple.profiles import MadeProfile
from commands.catalogue.base import Command, Delivery
from commands.catalogue.verdicts import Answer, Succeeded, Verdict
from devices.services.apple_reports import forget_profile, record_installed_profile


class ProfileCommand(Command, abc.ABC):
    """Installs the profile that it wants on the device, or removes it when it wants none there.

    https://developer.apple.com/documentation/devicemanagement/install-profile-command and remove-profile-command
    """

    judged = True
    already: ClassVar[str] = ""  # why a removal of what is not there is a success

    @abc.abstractmethod
    def wanted(self, delivery: Delivery) -> MadeProfile:
        """The profile as it is to be after this command."""

    def apple(self, delivery: Delivery) -> dict[str, Any]:
        return self.wanted(delivery).command(delivery.device.tenant.name)

    def judge(self, delivery: Delivery, answer: Answer) -> Verdict:
        if has_error(answer.report, PROFILE_IS_ABSENT) and self.wanted(delivery).is_removal:
            self.on_success(delivery, answer.report)
            return Succeeded(self.already)
        return super().judge(delivery, answer)

    def on_success(self, delivery: Delivery, report: dict[str, Any]) -> None:
        profile = self.wanted(delivery)
        if profile.is_removal:
            forget_profile(delivery.device_id, profile.identifier)
        else:
            record_installed_profile(delivery.device_id, profile.document(delivery.device.tenant.name))

    def keeps_result(self) -> bool:
        return False
