"""Reads about commands. Tenant first, always."""

import uuid
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject

from commands.models import AppleEnrolment, CommandRequest, CommandStatus
from commands.models.status import AWAITING, CANCELLABLE
from config.api.errors import NotFound
from config.api.fields import parse_id
from tenants.models import ApnsCertificate, Tenant
from tenants.selectors import list_apns_certificates


def get_command_request(*, tenant: Tenant, request_id: str | uuid.UUID) -> CommandRequest:
    """The only way from an outside id to a request."""
    known = parse_id(str(request_id))
    request = command_requests_of(tenant).filter(pk=known).first() if known else None
    if request is None:
        raise NotFound("No command request has this id.")
    return request


def get_command_status(*, tenant: Tenant, status_id: str | uuid.UUID) -> CommandStatus:
    """The only way from an outside id to a status."""
    known = parse_id(str(status_id))
    status = CommandStatus.objects.filter(tenant=tenant, pk=known).first() if known else None
    if status is None:
        raise NotFound("No command status has this id.")
    return status


def command_requests_of(tenant: Tenant) -> QuerySet[CommandRequest]:
    return CommandRequest.objects.filter(tenant=tenant).defer("secret_args")


def list_command_requests(tenant: Tenant, **filters: Any) -> QuerySet[CommandRequest]:
    rows = command_requests_of(tenant)
    if filters.get("devices"):
        rows = rows.filter(devices__overlap=filters["devices"])
    if filters.get("groups"):
        rows = rows.filter(groups__overlap=filters["groups"])
    if filters.get("command"):
        rows = rows.filter(command=filters["command"])
    if filters.get("schedule"):
        rows = rows.filter(schedule=filters["schedule"])
    if filters.get("exclude_internal_commands"):
        rows = rows.filter(is_internal=False)
    return rows.order_by("-created_at", "id")


def list_command_statuses(tenant: Tenant, **filters: Any) -> QuerySet[CommandStatus]:
    rows = CommandStatus.objects.filter(tenant=tenant)
    if filters.get("request"):
        rows = rows.filter(request_id__in=filters["request"])
    if filters.get("device"):
        rows = rows.filter(device_id__in=filters["device"])
    if filters.get("state"):
        rows = rows.filter(state=filters["state"])
    if filters.get("exclude_internal_commands"):
        rows = rows.filter(request__is_internal=False)
    return rows.order_by("-created_at", "id")


def command_request_stats(request: CommandRequest) -> list[dict[str, Any]]:
    """How many devices are or were in each state; states that no device is in are left out.

    One statement, so that a row which is deleted and archived meanwhile is counted once.
    """
    row = CommandRequest.objects.filter(pk=request.pk).values_list(live_counts(), "archived_counts").first()
    return all_counts(*row) if row else []


def live_counts() -> ArraySubquery:
    """Annotation of requests: `[{"state": …, "total": …}, …]`, by one index-only aggregate per row that is shown."""
    rows = CommandStatus.objects.filter(request=OuterRef("pk")).order_by().values("state").annotate(total=Count("*"))
    return ArraySubquery(rows.values(json=JSONObject(state="state", total="total")))


def all_counts(live: list[dict[str, Any]], archived: dict[str, int]) -> list[dict[str, Any]]:
    """Together with the rows that the retention has deleted."""
    totals = Counter(archived) + Counter({row["state"]: row["total"] for row in live})
    return [{"state": state, "total": totals[state]} for state in sorted(totals)]


def is_open(request: CommandRequest) -> bool:
    """Whether a device may still be given it: rows wait, or some are to be made."""
    if request.cancelled_at is not None:
        return False
    if request.fanned_out_at is None or request.slots.filter(due_at__isnull=False).exists():
        return True
    return CommandStatus.objects.filter(request=request, state__in=CANCELLABLE).exists()


def waiting_and_given(request: CommandRequest) -> tuple[int, int]:
    """How many rows a cancellation would end, and how many devices have the command and have not answered."""
    rows = CommandStatus.objects.filter(request=request)
    counts = rows.aggregate(
        waiting=Count("pk", filter=Q(state__in=CANCELLABLE)), given=Count("pk", filter=Q(state__in=AWAITING))
    )
    return counts["waiting"], counts["given"]


def enrolled_by_topic(tenant: Tenant) -> dict[str, int]:
    """How many devices can be woken under each push topic only."""
    return {topic: count for (_, topic), count in enrolled_by_tenant_and_topic([tenant.pk]).items()}


def enrolled_by_tenant_and_topic(tenant_ids: Collection[uuid.UUID] | None) -> dict[tuple[uuid.UUID, str], int]:
    """The same, of these tenants or of all."""
    enabled = AppleEnrolment.objects.filter(channel=AppleEnrolment.Channel.DEVICE, enabled_at__isnull=False)
    rows = enabled if tenant_ids is None else enabled.filter(tenant_id__in=tenant_ids)
    counted = rows.values_list("tenant_id", "topic").annotate(Count("pk")).order_by()
    return {(tenant_id, topic): count for tenant_id, topic, count in counted}


@dataclass(frozen=True)
class PushTopic:
    """A topic that a tenant's devices are woken under; its Apple ID is not known once its certificates are deleted."""

    topic: str
    devices: int
    apple_id: str  # of the certificate that ends last


def push_topics(tenant: Tenant) -> list[PushTopic]:
    """What the tenant has to renew, the topic with most devices first."""
    enrolled = enrolled_by_topic(tenant)
    completed = list_apns_certificates(tenant, state=ApnsCertificate.State.COMPLETED)
    noted = dict(completed.order_by("cert_expiry_on").values_list("topic", "apple_id"))
    topics = {*noted, *(topic for topic in enrolled if topic)}
    found = [PushTopic(topic, enrolled.get(topic, 0), noted.get(topic, "")) for topic in topics]
    return sorted(found, key=lambda each: (-each.devices, each.topic))
