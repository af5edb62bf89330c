from commands.models.app_lists import AppleAppLists
from commands.models.enrolment import AppleEnrolment
from commands.models.hold import LicenceHold
from commands.models.request import CommandRequest
from commands.models.slot import ScheduleSlot
from commands.models.status import CommandResult, CommandStatus

__all__ = [
    "AppleAppLists",
    "AppleEnrolment",
    "CommandRequest",
    "CommandResult",
    "CommandStatus",
    "LicenceHold",
    "ScheduleSlot",
]
