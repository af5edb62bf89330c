"""What a device answers to each command, and what the command does to it."""

from onboarding.simulation.apple_answers.answer import Answer, error_answer
from onboarding.simulation.apple_answers.dispatch import answer_command
from onboarding.simulation.apple_answers.profiles import keep_profile, profile_data, renewed_enrolment

__all__ = ["Answer", "answer_command", "error_answer", "keep_profile", "profile_data", "renewed_enrolment"]
