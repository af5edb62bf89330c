"""Which devices wait in their set-up assistant, and which of them need not any more.

A device waits by its own word (`AppleEnrolment.awaiting_configuration`), or by that of the profile it came by.
"""

import datetime as dt

from django.conf import settings
from django.db.models import DurationField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Greatest, Least
from django.utils import timezone

from commands.apple.set_up import CARRIER, RELEASE
from commands.models import AppleEnrolment, CommandStatus, Converge
from commands.models.status import OPEN
from devices.models import DeviceState

FIRST_PAUSE, LONGEST_PAUSE = dt.timedelta(minutes=1), dt.timedelta(hours=6)  # between two times that it is told


def waiting() -> QuerySet[AppleEnrolment]:
    return AppleEnrolment.objects.filter(
        channel=AppleEnrolment.Channel.DEVICE,
        awaiting_configuration=True,
        enabled_at__isnull=False,
        blocked_at__isnull=True,
        device__state=DeviceState.ACTIVE,
    )


def due_for_release() -> QuerySet[AppleEnrolment]:
    """Those with no converge to wait for, or that have waited long enough; unless they were told lately, or still are.

    The pause after a device was told is as long as it had waited before: so what fails, or is lost, is told again
    after a minute, and each time twice as late.
    """
    now = timezone.now()
    late = now - dt.timedelta(seconds=settings.ADE_RELEASE_SECONDS)
    waited = ExpressionWrapper(F("release_sent_at") - F("enabled_at"), DurationField())
    pause = Greatest(Value(FIRST_PAUSE), Least(waited, Value(LONGEST_PAUSE)))
    quiet = Q(release_sent_at__isnull=True) | Q(release_sent_at__lte=now - ExpressionWrapper(pause, DurationField()))
    ready = ~Exists(open_converges()) | Q(enabled_at__lte=late)
    return waiting().filter(quiet, ready, ~Exists(open_releases()))


def open_converges() -> QuerySet[Converge]:
    """Of the enrolment's device. One whose window is yet to come would keep it for days, and does not count."""
    return Converge.objects.filter(device=OuterRef("device"), status__in=Converge.OPEN, not_before__lte=timezone.now())


def open_releases() -> QuerySet[CommandStatus]:
    """By which the enrolment's device is told, or will be at its next contact."""
    rows = CommandStatus.objects.filter(device=OuterRef("device"), state__in=OPEN, request__command=CARRIER)
    return rows.filter(request__command_args__has_key=RELEASE)
