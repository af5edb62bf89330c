from onboarding.admin import enrolment

__all__ = ["enrolment"]
