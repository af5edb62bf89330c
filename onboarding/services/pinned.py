"""The enrolment that a message comes from: pinned to the certificate that signed it, whatever the message claims."""

from commands.models import AppleEnrolment
from onboarding.apple.messages import EnrolmentIds
from onboarding.services.renewals import adopt_renewed_identity


class RefusedError(Exception):
    """The identity may not do this; answered 403. The text says why."""


def own_enrolment(certificate_sha256: str, ids: EnrolmentIds) -> AppleEnrolment:
    """The authenticated enrolment pinned to this certificate, its row locked."""
    enrolment = pinned_enrolment(certificate_sha256, ids)
    if not enrolment.is_authenticated:
        raise RefusedError("the enrolment has ended, or never began")
    return enrolment


def pinned_enrolment(certificate_sha256: str, ids: EnrolmentIds) -> AppleEnrolment:
    """Ended or not; its row locked."""
    adopt_renewed_identity(certificate_sha256=certificate_sha256)
    enrolment = (
        AppleEnrolment.objects.select_for_update(of=("self",), no_key=True)
        .filter(certificate_sha256=certificate_sha256, channel=AppleEnrolment.Channel.DEVICE)
        .first()
    )
    if enrolment is None:
        raise RefusedError("the certificate belongs to no enrolment")
    if enrolment.enrolment_id != ids.device:
        raise RefusedError("the certificate belongs to another enrolment")
    return enrolment
