"""Credentials, with what they mean for the enrolled devices, which live in this room."""

import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import replace

from commands.selectors import enrolled_by_tenant_and_topic
from tenants.credentials import Kind
from tenants.inspections import Inspected, Verdict, inspect_credentials
from tenants.models import Tenant

NOBODY = "no device is enrolled under it: it may be deleted instead"
Devices = dict[tuple[uuid.UUID, str], int]


def check_credentials(*, within: dt.timedelta, tenant: Tenant | None = None) -> list[Inspected]:
    """What `inspect_credentials` finds, and topics of enrolled devices of which there is no certificate."""
    devices = enrolled_by_tenant_and_topic(None if tenant is None else [tenant.pk])
    found = [_with_devices(each, devices) for each in inspect_credentials(within=within, tenant=tenant)]
    having = {(each.tenant.pk, each.name) for each in found if each.kind == Kind.APNS and each.tenant}
    return [*found, *_without_certificate({key: count for key, count in devices.items() if key not in having})]


def _with_devices(each: Inspected, devices: Devices) -> Inspected:
    """A push certificate under whose topic nobody is enrolled may be deleted once it is over."""
    if each.kind != Kind.APNS or each.tenant is None or each.expires_at is None:
        return each
    count = devices.get((each.tenant.pk, each.name), 0)
    told = f"{_counted(count)} enrolled under it" if count or each.verdict is Verdict.GOOD else NOBODY
    return replace(each, remark="; ".join(filter(None, (each.remark, told))))


def _without_certificate(devices: Devices) -> Iterator[Inspected]:
    names = Tenant.objects.in_bulk({tenant_id for tenant_id, _ in devices})
    for (tenant_id, topic), count in sorted(devices.items()):
        remark = f"There is no APNs certificate of this topic; {_counted(count)} enrolled under it and cannot be woken"
        yield Inspected(Kind.APNS, names.get(tenant_id), "", topic, None, Verdict.FAILED, remark)


def _counted(devices: int) -> str:
    return "1 device is" if devices == 1 else f"{devices:,} devices are"
