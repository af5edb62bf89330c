"""manage.py converge"""

import uuid
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from commands.models import Converge
from devices.models import Device, DeviceInventory
from tenants.models import Tenant
from tests.conftest import Commit
from tests.factories.converges import with_blueprint
from tests.factories.devices import DeviceFactory, DeviceGroupFactory


def converge(tenant: Tenant, *words: str) -> str:
    out = StringIO()
    call_command("converge", "--tenant", str(tenant.pk), *words, stdout=out, stderr=out)
    return out.getvalue()


@pytest.fixture
def ready(tenant: Tenant) -> Device:
    """It has told what it has, and its blueprint asks for nothing."""
    device = DeviceFactory(tenant=tenant)
    with_blueprint(device)
    now = timezone.now()
    DeviceInventory.objects.create(device=device, information_at=now, profiles_at=now)
    return device


def test_devices_groups_and_blueprints_name_who_converges(tenant: Tenant, other_tenant: Tenant) -> None:
    named, inherits, below = (DeviceFactory(tenant=tenant) for _ in range(3))
    own = with_blueprint(named)
    top = DeviceGroupFactory(tenant=tenant, blueprint=own, effective_blueprint=own)
    under = DeviceGroupFactory(tenant=tenant, parent=top, effective_blueprint=own)
    Device.objects.filter(pk=inherits.pk).update(group=top)
    Device.objects.filter(pk=below.pk).update(group=under)
    with_blueprint(DeviceFactory(tenant=other_tenant))

    for words, wanted in (
        (["--device", str(named.pk)], {named.pk}),
        (["--group", str(top.pk)], {inherits.pk, below.pk}),
        (["--blueprint", str(own.pk), "--provision"], {named.pk, inherits.pk, below.pk}),
    ):
        Converge.objects.all().delete()
        assert f"{len(wanted)} converges were queued." in converge(tenant, *words)
        rows = Converge.objects.all()
        assert {row.device_id for row in rows} == wanted
        assert {row.converge_with_provision_option for row in rows} == {"--provision" in words}


def test_those_that_cannot_are_counted_with_the_reason(tenant: Tenant, ready: Device) -> None:
    bare = DeviceFactory(tenant=tenant)

    printed = converge(tenant, "--device", str(ready.pk), "--device", str(bare.pk))

    assert "1 of 2 devices cannot converge: The device has no blueprint" in printed
    with pytest.raises(CommandError, match="1 of 1 devices cannot converge: The device has no blueprint"):
        converge(tenant, "--device", str(bare.pk))


@pytest.mark.parametrize("noun", ["device", "group", "blueprint"])
def test_unknown_and_foreign_ids_are_refused(tenant: Tenant, other_tenant: Tenant, noun: str) -> None:
    foreign = {
        "device": DeviceFactory(tenant=other_tenant).pk,
        "group": DeviceGroupFactory(tenant=other_tenant).pk,
        "blueprint": with_blueprint(DeviceFactory(tenant=other_tenant)).pk,
    }[noun]

    for each in (foreign, uuid.uuid4(), "x"):
        with pytest.raises(CommandError, match=f"invalid {noun} id: {each}"):
            converge(tenant, f"--{noun}", str(each))
    assert not Converge.objects.exists()


def test_without_a_target_nothing_is_done(tenant: Tenant) -> None:
    with pytest.raises(CommandError, match="give --device, --group or --blueprint"):
        converge(tenant)


def test_waiting_tells_how_they_ended(
    tenant: Tenant, ready: Device, django_capture_on_commit_callbacks: Commit
) -> None:
    assert "1  QUEUED" in converge(tenant, "--device", str(ready.pk), "--wait", "0")
    Converge.objects.update(status=Converge.Status.FAILURE, reason="1 of 2 commands failed.")

    printed = converge(tenant, "--device", str(ready.pk), "--wait", "0")

    assert "1  QUEUED" in printed
