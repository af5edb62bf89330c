"""How devices stand to their blueprints: worked out when it is read, so that it is always true."""

from typing import NamedTuple
from uuid import UUID

from django.db.models import F, OuterRef, QuerySet, Subquery, UUIDField
from django.db.models.functions import Coalesce

from devices.models import Blueprint, Device, DeviceGroup, DeviceState, DriftReport, Platform

UpgradeStatus = Device.UpgradeStatus
PROVISIONED: dict[str, tuple[int, ...]] = {
    Platform.APPLE: (DeviceState.ACTIVE,),
    Platform.ANDROID: (DeviceState.ACTIVE, DeviceState.INACTIVE),
}


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
    status = status_of(
        platform=device.platform,
        state=device.state,
        converge_status=device.converge_status,
        has_goal=blueprint_id is not None,
        has_version=version_id is not None,
        is_current=device.current_blueprint_version_id == version_id,
        has_drifted=bool(read["drift_count"]),
    )
    return Standing(blueprint_id, status)


def is_provisioned(device: Device) -> bool:
    """Whether it can be brought to a blueprint."""
    return device.state in PROVISIONED[device.platform]


def status_of(
    *,
    platform: str,
    state: int,
    converge_status: str,
    has_goal: bool,
    has_version: bool,
    is_current: bool,
    has_drifted: bool,
) -> UpgradeStatus:
    """`has_goal`: a blueprint. `has_version`: a published one. `is_current`: it converged to that last."""
    if not has_goal:
        return UpgradeStatus.NOT_APPLICABLE
    if not has_version or state not in PROVISIONED[platform]:
        return UpgradeStatus.NOT_UPGRADABLE
    if converge_status == Device.ConvergeStatus.OPEN:
        return UpgradeStatus.UPGRADE_INITIATED
    if is_current and not has_drifted:
        return UpgradeStatus.UPGRADED
    if converge_status == Device.ConvergeStatus.FAILED:
        return UpgradeStatus.UPGRADE_FAILED
    return UpgradeStatus.UPGRADABLE
