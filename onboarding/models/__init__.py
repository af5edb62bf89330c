from onboarding.models.dep import (
    DepDevice,
    DepProfile,
    DepProfileDefinition,
    DepServer,
    DepSync,
    DepSyncFailure,
)
from onboarding.models.enrolment import EnrolmentChallenge, EnrolmentProfile, IdentityCertificate
from onboarding.models.seamless import (
    IdentifierKind,
    SeamlessIdentifier,
    SeamlessRegistration,
    SeamlessRow,
    SeamlessUpload,
)

__all__ = [
    "DepDevice",
    "DepProfile",
    "DepProfileDefinition",
    "DepServer",
    "DepSync",
    "DepSyncFailure",
    "EnrolmentChallenge",
    "EnrolmentProfile",
    "IdentifierKind",
    "IdentityCertificate",
    "SeamlessIdentifier",
    "SeamlessRegistration",
    "SeamlessRow",
    "SeamlessUpload",
]
