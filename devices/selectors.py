"""Reads about devices. Tenant first, always."""

import datetime as dt
import uuid
from typing import Any

from django.conf import settings
from django.db.models import BooleanField, Count, F, IntegerField, OrderBy, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce
from django.utils import timezone

from config.api.errors import NotFound
from config.api.fields import parse_id
from config.api.known import known_ids
from devices.models import Blueprint, Device, DeviceGroup, DeviceSettings, DeviceState, Heartbeat, Platform
from devices.standings import with_standing
from tenants.models import Tenant

ORDERINGS: dict[str, str] = {
    "alias": "alias",
    "battery_level": "battery_level",
    "created_at": "created_at",
    "dpc_version": "software_info__esper_agent_info__version_name",
    "eea_version": "software_info__eea_version",
    "is_gms": "is_gms",
    "last_seen": "heartbeat__last_seen",
    "model": "hardware_info__model",
    "name": "name",
    "os_version": "os_version",
    "platform": "platform",
    "policy_name": "policy__policy_name",
    "provisioned_on": "provisioned_on",
    "serial": "serial",
    "state": "state",
    "template_name": "template_name",
    "updated_at": "updated_at",
    "wifi_ssid": "network_stats__wifi_network_info__wifi_ssid",
}
STATE_NAMES = {"active": DeviceState.ACTIVE, "inactive": DeviceState.INACTIVE, "disabled": DeviceState.DISABLED}


def get_device(*, tenant: Tenant, device_id: str | uuid.UUID) -> Device:
    """The only way from an outside id to a device; absent and foreign are the same NotFound."""
    known = parse_id(str(device_id))
    device = devices_of(tenant).filter(pk=known).first() if known else None
    if device is None:
        raise NotFound("No device has this id.")
    return device


def devices_of(tenant: Tenant) -> QuerySet[Device]:
    """With what `device_document` shows of them."""
    rows = Device.objects.filter(tenant=tenant).select_related("heartbeat").defer("search_text")
    return with_standing(rows)


def device_settings(device: Device) -> DeviceSettings:
    """What the device last reported; an empty object if it never did."""
    return DeviceSettings.objects.filter(device=device).first() or DeviceSettings(device=device)


def list_devices(tenant: Tenant, **filters: Any) -> QuerySet[Device]:
    """Devices by the documented filters. Removed ones (state 20) show only when asked for by `state`."""
    rows = devices_of(tenant)
    states = filters.get("state")
    rows = rows.filter(state__in=states) if states else rows.exclude(state=DeviceState.DISABLED)
    for name in ("serial", "udid"):
        if filters.get(name):
            rows = rows.filter(**{f"{name}__iexact": filters[name]})
    for name in ("platform", "device_source", "current_blueprint_id"):
        if filters.get(name):
            rows = rows.filter(**{f"{name}__in": filters[name]})
    if filters.get("os"):
        rows = rows.filter(os__in=filters["os"])
    if filters.get("current_blueprint_version_id"):
        rows = rows.filter(current_blueprint_version_id__in=filters["current_blueprint_version_id"])
    if filters.get("current_blueprint_version_id_net"):
        rows = rows.exclude(current_blueprint_version_id__in=filters["current_blueprint_version_id_net"])
    if filters.get("assigned_blueprint_id"):
        rows = rows.filter(with_blueprint(tenant, filters["assigned_blueprint_id"]))
    rows = _by_version(rows, filters)
    rows = _by_condition(rows, filters)
    rows = _by_group(rows, tenant, filters)
    if filters.get("search"):
        rows = rows.filter(search_text__contains=_one_line(filters["search"]).lower())
    return rows.order_by(*_ordering(filters.get("ordering") or []))


def _one_line(text: str) -> str:
    """Lines part the fields in `search_text`: a match never spans two of them."""
    return " ".join(text.splitlines())


def _by_version(rows: QuerySet[Device], filters: dict[str, Any]) -> QuerySet[Device]:
    """`17` matches 17 and 17.4.1, not 170."""
    for name, os in (("android_version", "Android"), ("ios_version", "iOS"), ("ipados_version", "iPadOS")):
        version = filters.get(name)
        if version:
            rows = rows.filter(Q(os_version=version) | Q(os_version__startswith=f"{version}."), os=os)
    return rows


def _by_condition(rows: QuerySet[Device], filters: dict[str, Any]) -> QuerySet[Device]:
    for name in ("gte", "lte"):
        level = filters.get(f"battery_level_{name}")
        if level is not None:  # Django drops a bound that every number keeps, and null would pass
            rows = rows.filter(**{f"battery_level__{name}": level}, battery_level__isnull=False)
    if filters.get("is_gms") is not None:
        rows = rows.filter(is_gms=filters["is_gms"])
    if filters.get("active_connection"):
        rows = rows.filter(network_stats__current_active_connection__iexact=filters["active_connection"])
    return rows


def _by_group(rows: QuerySet[Device], tenant: Tenant, filters: dict[str, Any]) -> QuerySet[Device]:
    if filters.get("group_multi_immediate"):
        rows = rows.filter(group_id__in=filters["group_multi_immediate"])
    if filters.get("group_multi"):
        rows = rows.filter(_is_below(tenant, filters["group_multi"]))
    return rows


def _ordering(names: list[str]) -> list[OrderBy | str]:
    orders: list[OrderBy | str] = []
    for name in names:
        column = F(ORDERINGS[name.removeprefix("-")])
        orders.append(column.desc(nulls_last=True) if name.startswith("-") else column.asc(nulls_last=True))
    return [*orders, *([] if "created_at" in names or "-created_at" in names else ["-created_at"]), "id"]


def with_blueprint(tenant: Tenant, blueprint_ids: list[uuid.UUID]) -> Q:
    """Of devices: one of these is their own, or their group's while they have none. Asks for the groups at once.

    With their ids before it, PostgreSQL can tell a blueprint of many devices from one of few.
    """
    groups = DeviceGroup.objects.filter(tenant=tenant, effective_blueprint__in=blueprint_ids)
    inherited = Q(group_id__in=list(groups.order_by().values_list("pk", flat=True)), assigned_blueprint__isnull=True)
    return Q(assigned_blueprint_id__in=blueprint_ids) | inherited


def groups_of(tenant: Tenant) -> QuerySet[DeviceGroup]:
    """With how many devices are in each itself; removed ones do not count."""
    devices = Device.objects.filter(tenant=tenant, group=OuterRef("pk")).exclude(state=DeviceState.DISABLED).order_by()
    counted = devices.values("group").annotate(total=Count("*")).values("total")
    return DeviceGroup.objects.filter(tenant=tenant).annotate(
        device_count=Coalesce(Subquery(counted, output_field=IntegerField()), 0)
    )


def get_group(*, tenant: Tenant, group_id: str | uuid.UUID) -> DeviceGroup:
    """The only way from an outside id to a group; absent and foreign are the same NotFound."""
    known = parse_id(str(group_id))
    group = groups_of(tenant).filter(pk=known).first() if known else None
    if group is None:
        raise NotFound("No device group has this id.")
    return group


def named_group(tenant: Tenant, group_id: uuid.UUID | None) -> DeviceGroup | None:
    """The group that a body names; BadRequest if it is none of the tenant's."""
    return groups_of(tenant).get(pk=known_ids("group", [group_id], groups_of(tenant))[0]) if group_id else None


def named_blueprint(tenant: Tenant, blueprint_id: uuid.UUID | None) -> Blueprint | None:
    """The blueprint that a body names; BadRequest if it is none of the tenant's."""
    rows = Blueprint.objects.filter(tenant=tenant)
    return rows.get(pk=known_ids("blueprint", [blueprint_id], rows)[0]) if blueprint_id else None


def list_groups(tenant: Tenant, **filters: Any) -> QuerySet[DeviceGroup]:
    """By name unless `ordering` says otherwise."""
    rows = groups_of(tenant)
    if filters.get("name"):
        rows = rows.filter(name__icontains=filters["name"])
    if filters.get("name_exact"):
        rows = rows.filter(name=filters["name_exact"])
    for name in ("parent_id", "blueprint_id"):
        if filters.get(name):
            rows = rows.filter(**{f"{name}__in": filters[name]})
    return rows.order_by(*(filters.get("ordering") or ["name"]), "id")


def list_subgroups(tenant: Tenant, parent_ids: list[uuid.UUID], *, immediate: bool) -> list[uuid.UUID]:
    """The groups below these, or right below them, by name. BadRequest names parents that are unknown."""
    known_ids("group", parent_ids, groups_of(tenant))
    children = list(groups_of(tenant).filter(parent_id__in=parent_ids).values_list("pk", flat=True))
    found = groups_of(tenant).filter(pk__in=children if immediate else with_subgroups(tenant, children))
    return list(found.order_by("name", "id").values_list("pk", flat=True))


SUBGROUPS_SQL = """
WITH RECURSIVE tree AS (
    SELECT id FROM devices_devicegroup WHERE tenant_id = %s AND id = ANY(%s)
    UNION
    SELECT child.id FROM devices_devicegroup child JOIN tree ON child.parent_id = tree.id
) SELECT id FROM tree
"""


def _is_below(tenant: Tenant, group_ids: list[uuid.UUID]) -> RawSQL:
    """Whether a device is in one of these groups or below.

    An array, not `IN (SELECT …)`: PostgreSQL cannot guess how many groups a tree has, and would read all devices.
    """
    test = f"devices_device.group_id = ANY(ARRAY({SUBGROUPS_SQL}))"
    return RawSQL(test, (tenant.pk, list(group_ids)), output_field=BooleanField())


def with_subgroups(tenant: Tenant, group_ids: list[uuid.UUID]) -> RawSQL:
    """A subquery of these groups and everything below them."""
    return RawSQL(SUBGROUPS_SQL, (tenant.pk, list(group_ids)))


def online_since(platform: str, now: dt.datetime | None = None) -> dt.datetime:
    """A device of this platform is online if it was seen at this moment or later."""
    seconds = settings.APPLE_ONLINE_SECONDS if platform == Platform.APPLE else settings.ANDROID_ONLINE_SECONDS
    return (now or timezone.now()) - dt.timedelta(seconds=seconds)


def last_seen(device: Device) -> dt.datetime | None:
    heartbeat = getattr(device, "heartbeat", None)
    return heartbeat.last_seen if heartbeat else None


def list_heartbeats(
    tenant: Tenant, *, last_seen_gt: dt.datetime, last_seen_lt: dt.datetime, platform: str | None = None
) -> QuerySet[Heartbeat]:
    """Devices seen strictly between the two bounds, latest first."""
    rows = Heartbeat.objects.filter(tenant=tenant, last_seen__gt=last_seen_gt, last_seen__lt=last_seen_lt)
    rows = rows.exclude(device__state=DeviceState.DISABLED).order_by("-last_seen", "device_id")
    return rows.filter(device__platform=platform) if platform else rows
