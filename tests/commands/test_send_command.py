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


def test_waits_no_longer_than_for_the_devices_while_a_window_is_open(tenant: Tenant, transactional_db: None) -> None:
    """REBOOT fails at once on a device that is not supervised; the window stays open."""
    device = DeviceFactory(tenant=tenant, is_supervised=False)
    times = ["--schedule", "WINDOW", "--start", "2026-01-01T08:00:00Z", "--end", "2126-01-01T08:00:00Z", "--wait", "5"]

    printed = send("REBOOT", "--tenant", str(tenant.pk), "--device", str(device.pk), *times)

    assert "1  Command Failure" in printed


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["LOCK"], "DEVICE needs `devices`"),
        (["LOCK", "--device", str(uuid.UUID(int=7))], "invalid device id: 00000000-0000-0000-0000-000000000007"),
        (["LOCK", "--device", "seven"], "devices.0: invalid device id: 'seven' is not a UUID."),
        (
            ["REMOVE_PROFILE", "--device", str(uuid.UUID(int=7))],
            "command_args.profile_identifier: This field is required.",
        ),
        (["LOCK", "--args", "{"], "--args is not JSON"),
        (["LOCK", "--start", "2026-03-01T08:00:00Z"], "need --schedule WINDOW or --schedule RECURRING"),
        (["LOCK", "--schedule", "WINDOW", "--days", "Monday"], "schedule_args.start_datetime: "),
        (["LOCK", "--schedule", "SOMETIMES"], "schedule: 'SOMETIMES' is not one of IMMEDIATE, WINDOW, RECURRING"),
        (["LOCK", "--time-zone", "Mars/Olympus"], "'Mars/Olympus' is not a time zone"),
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


def test_sends_on_a_schedule(tenant: Tenant) -> None:
    group = DeviceGroupFactory(tenant=tenant)
    words = "LOCK --schedule RECURRING --start 2027-03-01T08:00:00Z --end 2027-04-01T18:00:00Z --days Monday,5 "
    words += "--window-start 22:00 --window-end 04:00 --time-type console --time-zone Europe/Vienna --name nights"

    send(*words.split(), "--device-type", "active", "--tenant", str(tenant.pk), "--group", str(group.pk))

    request = CommandRequest.objects.get()
    assert (request.schedule, request.time_zone, request.device_type) == ("RECURRING", "Europe/Vienna", "active")
    told = {"name": "nights", "days": ["Monday", "Friday"], "window_start_time": "22:00:00", "time_type": "console"}
    assert told.items() <= request.schedule_args.items()


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_shows_the_progress_in_a_terminal(tenant: Tenant, transactional_db: None) -> None:
    AndroidFactory(tenant=tenant)
    screen = Terminal()

    call_command("send_command", "LOCK", "--tenant", str(tenant.pk), *_all_devices(tenant), stdout=screen)

    assert screen.getvalue().endswith("1  Command Failure\n")


def test_ctrl_c_ends_the_showing_and_not_the_command(
    tenant: Tenant, transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    DeviceFactory(tenant=tenant)
    screen, errors = Terminal(), StringIO()

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", interrupt)
    words = ["LOCK", "--tenant", str(tenant.pk), *_all_devices(tenant)]
    call_command("send_command", *words, stdout=screen, stderr=errors)

    assert "[------------------------------] 0 of 1 devices: 1 Queued" in screen.getvalue()
    assert "The command goes on." in errors.getvalue()
    assert CommandStatus.objects.get().state == "Command Queued"


def test_does_not_wait_if_it_is_not_to(tenant: Tenant) -> None:
    DeviceFactory(tenant=tenant)
    screen = Terminal()

    call_command("send_command", "LOCK", "--no-wait", "--tenant", str(tenant.pk), *_all_devices(tenant), stdout=screen)

    assert screen.getvalue().strip() == str(CommandRequest.objects.get().pk)


def _all_devices(tenant: Tenant) -> list[str]:
    return [word for pk in tenant.devices.values_list("pk", flat=True) for word in ("--device", str(pk))]
