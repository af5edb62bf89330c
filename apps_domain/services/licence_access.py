"""The way to Apple for one location: its token, Apple's limits, and what is done when Apple refuses the token."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps_domain.clients import vpp_answers
from apps_domain.clients.apple_vpp import Library, open_library
from apps_domain.clients.vpp_answers import ServiceConfig
from apps_domain.clients.vpp_errors import Kind, VppError
from apps_domain.models import VppAssignment, VppLocation, VppServiceConfig
from tenants.models import VppToken

log = structlog.get_logger(__name__)

CONFIG_LIFE = dt.timedelta(minutes=5)  # as Apple advises: limits change without notice
LOOK_AGAIN = dt.timedelta(hours=6)  # at a location that nothing can be done with
BLOCKING = frozenset({Kind.TOKEN, Kind.FOREIGN})
ADVICE = {
    Kind.TOKEN: "Download a new token of this location at Apple and upload it.",
    Kind.FOREIGN: "Remove it from that server, or take the location over here.",
}


class TokenChanged(Exception):
    """Apple refused a token that was replaced meanwhile: to be tried again with the new one."""


@contextmanager
def at_apple(location: VppLocation) -> Iterator[Library]:
    """A library with the location's token of now; a refusal of it, or of us, stops the location's work.

    Raises VppError, or TokenChanged.
    """
    token = VppToken.objects.filter(pk=location.token_id).first()
    if token is None:
        raise TokenChanged
    mdm_id = str(location.tenant_id)
    try:
        with open_library(settings.VPP_URL, bytes(token.token).decode(), mdm_id=mdm_id) as library:
            library.use(apple_limits(library))
            yield library
    except VppError as error:
        if error.kind is Kind.TOKEN and not VppToken.objects.filter(pk=token.pk, key=token.key).exists():
            raise TokenChanged from None
        if error.kind in BLOCKING:
            stop_work(token.pk, error)
        raise


def apple_limits(library: Library | None = None) -> ServiceConfig:
    """Apple's limits and addresses, at most CONFIG_LIFE old; older ones if Apple does not tell them just now."""
    known = VppServiceConfig.objects.filter(pk=1).first()
    if library is None or (known is not None and known.fetched_at > timezone.now() - CONFIG_LIFE):
        return vpp_answers.service_config(known.document if known else {})
    try:
        document = library.service_document()
    except VppError:
        if known is None:
            raise
        return vpp_answers.service_config(known.document)
    kept: dict[str, Any] = {name: document[name] for name in ("limits", "urls") if name in document}
    VppServiceConfig.objects.update_or_create(pk=1, defaults={"document": kept, "fetched_at": timezone.now()})
    return vpp_answers.service_config(kept)


def forget_limits() -> None:
    """They were wrong: the next to need them asks Apple."""
    VppServiceConfig.objects.filter(pk=1).update(fetched_at=timezone.now() - CONFIG_LIFE)


@transaction.atomic
def stop_work(token_id: int, error: VppError) -> None:
    """Nothing more is done with the token's location than looking now and then whether it works again."""
    now = timezone.now()
    problem = f"{error.message} {ADVICE[error.kind]}"[:255]
    VppLocation.objects.filter(token=token_id).update(
        problem=problem,
        problem_at=now,
        needs_token=error.kind is Kind.TOKEN,
        take_over=False,
        trouble="",
        sync_due_at=now + LOOK_AGAIN,
    )
    VppAssignment.objects.filter(location__token=token_id, state=VppAssignment.State.WANTED).update(
        state=VppAssignment.State.FAILED, reason=f"No licence available: {problem}"[:255], updated_at=now
    )
    log.warning("vpp_location_stopped", token=token_id, kind=error.kind, number=error.number, reason=error.message)
