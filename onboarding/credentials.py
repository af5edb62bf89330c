"""Credentials, with what Apple's device assignment said when they were last used."""

import datetime as dt
import uuid
from dataclasses import replace

from django.db.models import CharField, OuterRef, Subquery
from django.db.models.functions import Cast

from commands import credentials
from onboarding.models import DepServer
from tenants.credentials import Kind
from tenants.inspections import Inspected, Verdict
from tenants.models import DepToken, Tenant


def check_credentials(*, within: dt.timedelta, tenant: Tenant | None = None) -> list[Inspected]:
    """What `commands.credentials` finds, and what somebody must mend at Apple before a DEP token is of use again."""
    found = credentials.check_credentials(within=within, tenant=tenant)
    problems = _problems([uuid.UUID(each.object_id) for each in found if each.kind == Kind.DEP and each.expires_at])
    return [_with_problem(each, problems.get(each.object_id, "")) for each in found]


def _problems(token_ids: list[uuid.UUID]) -> dict[str, str]:
    """By the token's id."""
    server = DepServer.objects.filter(tenant=OuterRef("tenant"), server_key=OuterRef("server_key"))
    rows = DepToken.objects.filter(pk__in=token_ids).annotate(
        key=Cast("pk", CharField()), problem=Subquery(server.values("problem")[:1])
    )
    return {key: problem for key, problem in rows.values_list("key", "problem") if problem}


def _with_problem(each: Inspected, problem: str) -> Inspected:
    if each.kind != Kind.DEP or not problem:
        return each
    return replace(each, verdict=Verdict.FAILED, remark="; ".join(filter(None, (each.remark, problem))))
