"""How devices stand to their blueprints: worked out when it is read, so that it is always true."""

from typing import NamedTuple
from uuid import UUID

from django.db.models import F, OuterRef, QuerySet, Subquery, UUIDField
from django.db.models.functions import Coalesce

from devices.models import Blueprint, Device, DeviceGroup, DeviceState, DriftReport

UpgradeStatus = Device.UpgradeStatus
PROVISIONED = {True: (DeviceState.ACTIVE,), False: (DeviceState.ACTIVE, DeviceState.INACTIVE)}  # by `is_apple`


class Standing(NamedTuple):
    blueprint_id: UUID | None  # in force for the device: its own, or else its group's
    status: UpgradeStatus


def effective_blueprint_id() -> Coalesce:
    """Of a device. A subquery, not a join: PostgreSQL then looks only the rows of a page up."""
    groups = DeviceGroup.objects.filter(pk=OuterRef("group_id")).order_by()
    own, inherited = F("assigned_blueprint_id"), Subquery(groups.values("effective_blueprint_id"))
    return Coalesce(own, inherited, output_field=UUIDField())


def with_standing(rows: QuerySet[Device]) -> QuerySet[Device]:
    """Adds what `standing_of` needs."""
    blueprints = Blueprint.objects.filter(pk=OuterRef("effective_blueprint_id")).order_by()
    reports = DriftReport.objects.filter(
        device=OuterRef("pk"), blueprint_version=OuterRef("current_blueprint_version_id")
    ).order_by()
    annotated: QuerySet[Device] = rows.annotate(
        effective_blueprint_id=effective_blueprint_id(),
        published_version_id=Subquery(blueprints.values("published_version_id")),
        drift_count=Subquery(reports.values("count")),
    )
    return annotated


def standing_of(device: Device) -> Standing:
    """Of a device that `with_standing` read."""
    read = device.__dict__
    blueprint_id, version_id = read["effective_blueprint_id"], read["published_version_id"]
    return Standing(blueprint_id, _status(device, blueprint_id, version_id, read["drift_count"] or 0))


def is_provisioned(device: Device) -> bool:
    """Whether it can be brought to a blueprint."""
    return device.state in PROVISIONED[device.is_apple]


def _status(device: Device, blueprint_id: UUID | None, version_id: UUID | None, differences: int) -> UpgradeStatus:
    if blueprint_id is None:
        return UpgradeStatus.NOT_APPLICABLE
    if version_id is None or not is_provisioned(device):
        return UpgradeStatus.NOT_UPGRADABLE
    if device.converge_status == Device.ConvergeStatus.OPEN:
        return UpgradeStatus.UPGRADE_INITIATED
    if device.current_blueprint_version_id == version_id and not differences:
        return UpgradeStatus.UPGRADED
    if device.converge_status == Device.ConvergeStatus.FAILED:
        return UpgradeStatus.UPGRADE_FAILED
    return UpgradeStatus.UPGRADABLE
