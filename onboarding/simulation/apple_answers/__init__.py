"""What a device answers to each command, and what the command does to it."""

from onboarding.simulation.apple_answers.answer import Answer, error_answer, error_chain, not_installed
from onboarding.simulation.apple_answers.dispatch import DEFERRED_WHILE_LOCKED, answer_command
from onboarding.simulation.apple_answers.profiles import keep_profile, profile_data, renewed_enrolment

__all__ = [
    "DEFERRED_WHILE_LOCKED",
    "Answer",
    "answer_command",
    "error_answer",
    "error_chain",
    "keep_profile",
    "not_installed",
    "profile_data",
    "renewed_enrolment",
]
