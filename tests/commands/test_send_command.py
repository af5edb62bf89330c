"""manage.py send_command"""

import uuid
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from commands.models import CommandRequest, CommandStatus
from tenants.models import AuditEvent, Tenant
from tests.conftest import Commit
from tests.factories.devices import AndroidFactory, DeviceFactory, DeviceGroupFactory


def send(*words: str) -> str:
    out = StringIO()
    call_command("send_command", *words, stdout=out)
    return out.getvalue()


def test_sends_to_a_device_and_prints_the_request(
    tenant: Tenant, other_tenant: Tenant, django_capture_on_commit_callbacks: Commit
) -> None:
    device = DeviceFactory(tenant=tenant)

    with django_capture_on_commit_callbacks(execute=True):
        printed = send("LOCK", "--tenant", str(tenant.pk), "--device", str(device.pk))

    request = CommandRequest.objects.get(pk=printed.strip())
    assert (request.tenant, request.command, request.command_type) == (tenant, "LOCK", "DEVICE")
    assert CommandStatus.objects.get(request=request).device == device
    assert AuditEvent.objects.get(object_id=str(request.pk)).actor_kind == AuditEvent.ActorKind.COMMAND_LINE


def test_devices_and_groups_together_are_dynamic(tenant: Tenant) -> None:
    device, group = DeviceFactory(tenant=tenant), DeviceGroupFactory(tenant=tenant)

    send("LOCK", "--tenant", str(tenant.pk), "--device", str(device.pk), "--group", str(group.pk))

    assert CommandRequest.objects.get().command_type == "DYNAMIC"


def test_waits_until_every_device_has_its_end(
    tenant: Tenant, transactional_db: None, django_capture_on_commit_callbacks: Commit
) -> None:
    device = AndroidFactory(tenant=tenant)

    printed = send("LOCK", "--tenant", str(tenant.pk), "--device", str(device.pk), "--wait", "5")

    assert "1  Command Failure" in printed


def test_says_when_devices_have_not_answered(tenant: Tenant, transactional_db: None) -> None:
    device = DeviceFactory(tenant=tenant)

    with pytest.raises(CommandError, match="Not all devices have answered after 0 seconds"):
        send("LOCK", "--tenant", str(tenant.pk), "--device", str(device.pk), "--wait", "0")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["LOCK"], "DEVICE needs `devices`"),
        (["LOCK", "--device", str(uuid.UUID(int=7))], "invalid device id: 00000000-0000-0000-0000-000000000007"),
        (["LOCK", "--device", "seven"], "devices: "),
        (["REMOVE_PROFILE", "--device", str(uuid.UUID(int=7))], "command_args: .*profile_identifier"),
        (["LOCK", "--args", "{"], "--args is not JSON"),
    ],
)
def test_says_what_is_wrong(tenant: Tenant, words: list[str], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        send(*words, "--tenant", str(tenant.pk))

    assert not CommandRequest.objects.exists()


def test_a_device_of_another_tenant_is_unknown(tenant: Tenant, other_tenant: Tenant) -> None:
    device = DeviceFactory(tenant=other_tenant)

    with pytest.raises(CommandError, match="invalid device id"):
        send("LOCK", "--tenant", str(tenant.pk), "--device", str(device.pk))
