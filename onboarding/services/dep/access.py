"""The way to Apple for one MDM server: its token, and what is done when Apple refuses it."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from django.conf import settings
from django.db.models import Case, Value, When
from django.utils import timezone

from onboarding.clients.apple_dep import DepCredentials, DepService, open_service
from onboarding.clients.dep_errors import DepError, Kind
from onboarding.models import DepServer
from tenants.models import DepToken
from tenants.sealing import SealError

log = structlog.get_logger(__name__)

LOOK_AGAIN = {  # at a server that nothing can be done with before somebody mends it
    Kind.TERMS: dt.timedelta(hours=6),
    Kind.TOKEN: dt.timedelta(hours=6),
    Kind.DENIED: dt.timedelta(hours=6),
    Kind.CLOCK: dt.timedelta(minutes=15),
}
BLOCKING = frozenset(LOOK_AGAIN)
ADVICE = {
    Kind.TERMS: "An administrator has to sign in to Apple Business Manager and agree to them.",
    Kind.TOKEN: "Download a new token of this MDM server at Apple Business Manager and upload it.",
    Kind.DENIED: "Look in Apple Business Manager whether the MDM server is still there and the account is in order.",
    Kind.CLOCK: "Set the clock, and let it be kept by NTP.",
}


class TokenChanged(Exception):
    """Apple refused a token that was replaced meanwhile: to be tried again with the new one."""


def token_of(server: DepServer) -> DepToken | None:
    """The one in force: Apple ends a server's token when the next is downloaded, so that which ends last."""
    tokens = DepToken.objects.filter(
        tenant=server.tenant_id, server_key=server.server_key, state=DepToken.State.COMPLETED
    )
    return tokens.filter(token_expiry_on__gt=timezone.now()).order_by("-token_expiry_on", "-updated_at").first()


@contextmanager
def at_apple(server: DepServer) -> Iterator[DepService]:
    """The service with the server's token of now. A refusal that somebody must mend becomes the server's problem.

    A problem is taken back once all that was asked went well. Raises DepError, or TokenChanged.
    """
    token = token_of(server)
    try:
        with open_service(settings.DEP_URL, _credentials(token)) as service:
            yield service
    except DepError as error:
        if error.kind is Kind.TOKEN and _is_another(token, token_of(server)):
            raise TokenChanged from None
        if error.kind in BLOCKING:
            stop_work(server, error)
        raise
    if service.has_answered:
        DepServer.objects.filter(pk=server.pk).exclude(problem="").update(problem="", problem_code="", problem_at=None)


def _credentials(token: DepToken | None) -> DepCredentials:
    if token is None:
        raise DepError("There is no token of this MDM server that has not expired.", kind=Kind.TOKEN, code="NO_TOKEN")
    try:
        sealed = (token.consumer_key, token.consumer_secret, token.access_token, token.access_secret)
    except SealError as error:
        raise DepError(f"The token cannot be opened: {error.reason}.", kind=Kind.TOKEN, code="SEALED") from None
    return DepCredentials(*(bytes(each or b"").decode() for each in sealed))


def _is_another(before: DepToken | None, after: DepToken | None) -> bool:
    if after is None:
        return False
    return before is None or (before.pk, before.updated_at) != (after.pk, after.updated_at)


def stop_work(server: DepServer, error: DepError) -> None:
    """Nothing more is done with it than looking now and then whether it works again."""
    now = timezone.now()
    again = now + LOOK_AGAIN[error.kind]
    DepServer.objects.filter(pk=server.pk).update(
        problem=f"{error.message} {ADVICE[error.kind]}"[:255],
        problem_code=error.code[:64],
        problem_at=now,
        trouble="",
        sync_due_at=again,
        assign_due_at=Case(When(assign_due_at__isnull=False, then=Value(again))),
    )
    log.warning("dep_server_stopped", server=str(server.pk), kind=error.kind, code=error.code, reason=error.message)
