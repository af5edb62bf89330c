from commands.models.app_lists import AppleAppLists
from commands.models.converge import Converge, ConvergeStep
from commands.models.declarations import AppleDeclarations
from commands.models.enrolment import AppleEnrolment
from commands.models.hold import LicenceHold
from commands.models.request import CommandRequest
from commands.models.slot import ScheduleSlot
from commands.models.status import CommandResult, CommandStatus

__all__ = [
    "AppleAppLists",
    "AppleDeclarations",
    "AppleEnrolment",
    "CommandRequest",
    "CommandResult",
    "CommandStatus",
    "Converge",
    "ConvergeStep",
    "LicenceHold",
    "ScheduleSlot",
]
