"""One worker at a time has a server of Apple's, for reading it and for assigning; a dead one's claim runs out."""

import datetime as dt
import uuid
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from onboarding.models import DepServer

LEASE = dt.timedelta(minutes=5)  # a worker that has not been heard of for so long is dead


class LostClaim(Exception):
    """Another worker has the server, or it is gone."""


def is_free() -> Q:
    """Also what was claimed long after now: by a machine whose clock was wrong."""
    now = timezone.now()
    return Q(claimed_at=None) | Q(claimed_at__lt=now - LEASE) | Q(claimed_at__gt=now + LEASE)


def claim(server_id: uuid.UUID, *due: Q, **marks: Any) -> DepServer | None:
    """Ours now, if it is free and all of `due` holds; `marks` are columns to set with it."""
    now = timezone.now()
    rows = DepServer.objects.filter(pk=server_id)
    if not rows.filter(is_free(), *due).update(claimed_at=now, **marks):
        return None
    return rows.select_related("tenant", "profile").filter(claimed_at=now).first()


def claimed(server: DepServer) -> QuerySet[DepServer]:
    """Its row, as long as the claim is ours."""
    return DepServer.objects.filter(pk=server.pk, claimed_at=server.claimed_at)


def go_on(server: DepServer, **told: Any) -> None:
    """Renews the claim, before the lease runs out; LostClaim if it is another's. `told` are columns to set with it."""
    now = timezone.now()
    if not claimed(server).update(claimed_at=now, **told):
        raise LostClaim
    server.claimed_at = now


def release(server: DepServer, **told: Any) -> None:
    """Nothing if the claim is another's by now."""
    claimed(server).update(claimed_at=None, **told)
