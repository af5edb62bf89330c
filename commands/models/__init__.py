from commands.models.enrolment import AppleEnrolment
from commands.models.request import CommandRequest
from commands.models.status import CommandResult, CommandStatus

__all__ = ["AppleEnrolment", "CommandRequest", "CommandResult", "CommandStatus"]
