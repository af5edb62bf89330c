"""The console's pages about converges."""

from typing import Any

from django.utils import timezone

from commands.models import Converge, ConvergeStep
from commands.models.status import State
from devices.models import Device
from tenants.models import Role, Tenant
from tests.factories.blueprints import BlueprintFactory
from tests.factories.commands import queued
from tests.factories.console import member
from tests.factories.devices import DeviceFactory

CONVERGES = "/admin/commands/converge/"
REFRESH = '<meta http-equiv="refresh"'


def converge_of(device: Device, **fields: Any) -> Converge:
    blueprint = BlueprintFactory(device.tenant, name=f"Blueprint of {device.name}")
    told = {"blueprint": blueprint, "blueprint_version": blueprint.latest_version, **fields}
    return Converge.objects.create(tenant=device.tenant, device=device, **told)


def step_of(converge: Converge, title: str, state: State, *, number: int = 1, stage: int = 1, reason: str = "") -> None:
    row = queued(converge.device, "INSTALL_PROFILE", state=state, reason=reason)
    ConvergeStep.objects.create(
        request=row.request, converge=converge, number=number, stage=stage, part="camera", title=title
    )


def test_lists_converges_with_their_progress(tenant: Tenant) -> None:
    converge = converge_of(DeviceFactory(tenant=tenant, name="Till 1"), status="IN_PROGRESS", created_by="anna")
    step_of(converge, "Camera", State.SUCCESS)
    step_of(converge, "Siri", State.QUEUED, number=2)

    content = member(tenant, Role.VIEWER).get(CONVERGES).content.decode()

    for words in ("Till 1", "Blueprint of Till 1 1.0", "in progress", "1 of 2 done", "Asked for by anna"):
        assert words in content


def test_filters_and_finds_converges(tenant: Tenant) -> None:
    failed = converge_of(DeviceFactory(tenant=tenant, name="Till 1"), status="FAILURE", cause="move")
    done = converge_of(DeviceFactory(tenant=tenant, name="Phone 2"), status="SUCCESS")
    client = member(tenant)
    queries = {"status__exact": "FAILURE", "cause__exact": "move", "blueprint__id__exact": str(failed.blueprint_id)}
    queries |= {"q": "till", "device__id__exact": str(failed.device_id)}

    for name, value in queries.items():
        content = client.get(CONVERGES, {name: value}).content.decode()
        assert f"{failed.pk}/change" in content, name
        assert f"{done.pk}/change" not in content, name


def test_shows_what_differed_and_each_command(tenant: Tenant) -> None:
    difference = {"setting": "camera_settings.allow_camera_access", "part": "camera", "wanted": False, "found": True}
    converge = converge_of(DeviceFactory(tenant=tenant), status="IN_PROGRESS", differences=[difference])
    step_of(converge, "Camera", State.SUCCESS)
    step_of(converge, "App: Till", State.FAILURE, number=2, stage=2, reason="No licence is left.")

    content = member(tenant, Role.VIEWER).get(f"{CONVERGES}{converge.pk}/change/").content.decode()

    for words in ("Camera: allow camera access", "Profiles and settings", "App: Till", "No licence is left."):
        assert words in content
    assert content.index("Profiles and settings") < content.index("App: Till")
    assert REFRESH in content


def test_a_converge_that_has_ended_is_not_shown_anew(tenant: Tenant) -> None:
    told = {"status": "FAILURE", "reason": "1 of 2 commands failed.", "ended_at": timezone.now()}
    converge = converge_of(DeviceFactory(tenant=tenant), **told)

    content = member(tenant).get(f"{CONVERGES}{converge.pk}/change/").content.decode()

    assert REFRESH not in content
    assert "1 of 2 commands failed." in content
    assert "Nothing had to be sent." in content
