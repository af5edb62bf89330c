"""Asking for a sync: by the API, in the console, on the command line."""

from django.db import transaction

from config.api.errors import BadRequest
from onboarding.models import DepSync
from onboarding.nudges import nudge_dep_sync
from onboarding.services.dep.servers import find_servers, forget_cursors, make_due
from onboarding.services.dep.syncing import open_sync
from tenants import audit
from tenants.actors import Actor
from tenants.models import DepToken, Tenant

NO_TOKEN = (
    "There is no DEP token to sync with: make one (POST /api/tenant/v0/deptokens/), give its public key to Apple "
    "Business Manager, and upload what Apple gives for it."
)


@transaction.atomic
def request_sync(*, tenant: Tenant, actor: Actor, anew: bool = False) -> DepSync:
    """The tenant's open sync, else a new one: all of the tenant's servers are read, as soon as a worker is free.

    `anew`: all of Apple's list instead of what changed. BadRequest without a completed token.
    """
    if not DepToken.objects.filter(tenant=tenant, state=DepToken.State.COMPLETED).exists():
        raise BadRequest(NO_TOKEN)
    sync, is_new = open_sync(tenant, DepSync.Cause.CALLER, actor.name)  # a page also writes the sync before its server
    find_servers()
    if anew:
        forget_cursors(tenant)
    make_due(tenant)
    if is_new:
        audit.record(actor=actor, action="dep_sync.requested", subject=sync, details={"anew": anew})
    nudge_dep_sync(sync.pk)
    return sync
