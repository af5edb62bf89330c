from onboarding.models.enrolment import EnrolmentChallenge, EnrolmentProfile, IdentityCertificate

__all__ = ["EnrolmentChallenge", "EnrolmentProfile", "IdentityCertificate"]
