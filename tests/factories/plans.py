"""Plans for devices, and what is left behind when every step of one has succeeded."""

from typing import Any

from commands.blueprints.plan import Plan, PlannedStep
from commands.blueprints.planning import plan_for
from commands.catalogue import CATALOGUE, Delivery
from commands.models import CommandRequest
from devices.models import AppliedSetting, Blueprint, BlueprintVersion, Device
from tests.factories.blueprints import BlueprintFactory


def published(blueprint: Blueprint) -> BlueprintVersion:
    assert blueprint.published_version is not None
    return blueprint.published_version


def plan_of(device: Device, ios: dict[str, Any], *, provision: bool = False, reapply: bool = False) -> Plan:
    """For a blueprint of the device's tenant that says this."""
    blueprint = BlueprintFactory(device.tenant, name=f"Blueprint {Blueprint.objects.count()}", ios=ios)
    return plan_again(device, published(blueprint), provision=provision, reapply=reapply)


def plan_again(device: Device, version: BlueprintVersion, *, provision: bool = False, reapply: bool = False) -> Plan:
    """With the device as it is by now."""
    fresh = Device.objects.select_related("tenant").get(pk=device.pk)
    return plan_for(fresh, version, provision=provision, reapply=reapply)


def brought_to(device: Device, ios: dict[str, Any], *, provision: bool = False) -> BlueprintVersion:
    """The version that the device has converged to, every step of it having succeeded."""
    version = published(BlueprintFactory(device.tenant, name=f"Blueprint {Blueprint.objects.count()}", ios=ios))
    converged(device, version, provision=provision)
    return version


def converged(device: Device, version: BlueprintVersion, *, provision: bool = False) -> Plan:
    """What was done; the device has it now."""
    plan = plan_again(device, version, provision=provision)
    for step in plan.steps:
        succeed(device, step)
    Device.objects.filter(pk=device.pk).update(
        current_blueprint=version.blueprint_id, current_blueprint_version=version.pk
    )
    return plan


def succeed(device: Device, step: PlannedStep) -> None:
    """As if the device had done what it was told: what the command notes, and what the ledger keeps."""
    command, delivery = CATALOGUE[step.command], Delivery(device.pk, dict(step.args))
    if step.command in ("INSTALL", "VPP_APP_INSTALL"):
        _install(delivery, step)
    else:
        assert command.apple(delivery) is not None
        command.on_success(delivery, {})
    if step.is_removal:
        AppliedSetting.objects.filter(device=device, part=step.part).delete()
    else:
        told = {"fingerprint": step.fingerprint, "details": step.details}
        AppliedSetting.objects.update_or_create(device=device, part=step.part, defaults=told)


def _install(delivery: Delivery, step: PlannedStep) -> None:
    """The device lists the app: of a build exactly that, of the store's whatever is there."""
    command: Any = CATALOGUE[step.command]
    entry = {"Identifier": command.bundle_id(delivery), "Name": "App", "ShortVersion": "9.9", "Version": "99"}
    if step.command == "INSTALL":
        version = command._version(delivery)
        entry |= {"ShortVersion": version.version_name, "Version": version.build_number}
    listed = Delivery(delivery.device_id, delivery.args, 2)
    command.on_success(listed, {"InstalledApplicationList": [entry]})


def shown(plan: Plan) -> list[tuple[str, str]]:
    """Its steps: the command and the part."""
    return [(step.command, step.part) for step in plan.steps]


def carried(device: Device, step: PlannedStep) -> dict[str, Any]:
    """Apple's command for it."""
    delivery = Delivery(device.pk, dict(step.args))
    return CATALOGUE[step.command].apple(delivery) or {}


def stored_arguments() -> str:
    """All that people can read of the requests' arguments."""
    return str(list(CommandRequest.objects.values_list("command_args", flat=True)))
