"""One converge that cannot be worked on must not hold up those that are worked on with it."""

import uuid
from collections.abc import Callable, Sequence

import structlog
from django.db import DataError, IntegrityError, transaction

from commands.models import Converge
from commands.services.converges.ending import Ending, end_converges
from tenants.sealing import SealError

log = structlog.get_logger(__name__)

BROKEN = "The server could not go on with it; its log says why."
# Of what the rows hold. What comes from elsewhere (a connection lost, a deadlock, a time limit) is tried again by beat.
FAULTS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, DataError, IntegrityError, SealError)
Act = Callable[[Sequence[uuid.UUID]], list[uuid.UUID]]


def act_together(act: Act, ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """With all of them at once; if that fails, with each alone, and those that fail alone have failed."""
    try:
        return act(ids)
    except FAULTS:
        if len(ids) == 1:
            log.exception("converge_given_up", converge=str(ids[0]))
            _give_up(ids[0])
            return []
    return [each for converge_id in ids for each in act_together(act, [converge_id])]


@transaction.atomic
def _give_up(converge_id: uuid.UUID) -> None:
    rows = Converge.objects.select_for_update(of=("self",), no_key=True)
    begun = rows.filter(pk=converge_id, status__in=Converge.BEGUN)
    end_converges([Ending(row, Converge.Status.FAILURE, BROKEN) for row in begun])
