"""Converges as they lie in the database, and devices that can have one."""

from itertools import count
from typing import Any

from commands.models import CommandStatus, Converge, ConvergeStep
from commands.models.status import State
from devices.models import Blueprint, Device
from tenants.models import Tenant
from tests.factories.blueprints import BlueprintFactory
from tests.factories.commands import CommandRequestFactory, queued
from tests.factories.devices import DeviceFactory

_names = count(1)


def with_blueprint(device: Device, *, ios: dict[str, Any] | None = None, **told: Any) -> Blueprint:
    """Gives the device a blueprint of its own, which is published unless told otherwise."""
    blueprint = BlueprintFactory(device.tenant, name=f"Blueprint {next(_names)}", ios=ios, **told)
    Device.objects.filter(pk=device.pk).update(assigned_blueprint=blueprint)
    device.refresh_from_db()
    return blueprint


def ConvergeFactory(device: Device | None = None, *, tenant: Tenant | None = None, **fields: Any) -> Converge:
    """A queued one; the device gets a blueprint if it has none."""
    if device is None:
        device = DeviceFactory(**({"tenant": tenant} if tenant else {}))
    blueprint = device.assigned_blueprint or with_blueprint(device)
    made = {
        "tenant": device.tenant,
        "device": device,
        "blueprint": blueprint,
        "blueprint_version": blueprint.published_version,
        "created_by": "tests",
    }
    return Converge.objects.create(**{**made, **fields})


def sent(converge: Converge, command: str = "LOCK", *, state: State = State.QUEUED, **step: Any) -> CommandStatus:
    """The row of a further command of the converge."""
    request = CommandRequestFactory(
        tenant=converge.tenant, command=command, devices=[converge.device_id], is_internal=True
    )
    row = queued(converge.device, request=request, state=state)
    step_of(converge, row, **step)
    return row


def step_of(converge: Converge, row: CommandStatus, **step: Any) -> ConvergeStep:
    """Makes the row's command one of the converge."""
    number = converge.steps.count() + 1
    told = {"number": number, "stage": 1, "part": f"part {number}", "title": f"Part {number}", **step}
    return ConvergeStep.objects.create(request=row.request, converge=converge, **told)
