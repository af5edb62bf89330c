"""An app of the store: its licence first, then the device is told, then asked until the app is there."""

import base64
import datetime as dt
import plistlib
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.utils import timezone

from apps_domain.models import DeviceApp, StoreApp, StoreAppVersion, VppAssignment
from commands.models import AppleEnrolment, CommandStatus, LicenceHold
from commands.services.licensed_installs import release_holds
from commands.services.queue import cancel_command_status
from devices.models import Device, InstalledApp
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories.apple import command, handed, report
from tests.factories.carriage import send
from tests.factories.fleet import row_of
from tests.factories.licences import AssignmentFactory, LicenceFactory, LocationFactory
from tests.factories.tenants import ACTOR

ADAM_ID, BUNDLE = "408709785", "com.example.till"
ARGUMENTS = {"app_id": ADAM_ID, "bundle_identifier": BUNDLE}
WAITING = "Waiting for a licence of the app."
State = VppAssignment.State


def ask(api: ApiClient, device: SimulatedAppleDevice, **more: Any) -> CommandStatus:
    return send(api, device, "VPP_APP_INSTALL", **ARGUMENTS, **more)


def licensed(device: SimulatedAppleDevice) -> VppAssignment:
    """With a licence that was assigned earlier."""
    licence = LicenceFactory(LocationFactory(row_of(device).tenant), ADAM_ID)
    return AssignmentFactory(licence, row_of(device).serial)


def assigned(device: SimulatedAppleDevice) -> None:
    """Apple has assigned what was wanted."""
    wanted = VppAssignment.objects.filter(serial=row_of(device).serial, state=State.WANTED)
    assert wanted.update(state=State.ASSIGNED) == 1


def told(row: CommandStatus) -> tuple[str, str]:
    row.refresh_from_db()
    return row.state.removeprefix("Command "), row.reason


def listed(**more: Any) -> dict[str, Any]:
    entry = {"Identifier": BUNDLE, "Name": "Till", "ShortVersion": "4.1", "Version": "410", "Installing": False}
    return {"InstalledApplicationList": [{**entry, **more}]}


def managed(state: str) -> dict[str, Any]:
    return {"ManagedApplicationList": {BUNDLE: {"Status": state, "ManagementFlags": 1}}}


def answer(device: SimulatedAppleDevice, status: str = "Acknowledged", **more: Any) -> None:
    """To the command that the device comes for now."""
    report(device, status, handed(report(device)), **more)


def test_the_licence_comes_first(api: ApiClient, device: SimulatedAppleDevice, tenant: Tenant) -> None:
    LicenceFactory(LocationFactory(tenant), ADAM_ID)

    row = ask(api, device)

    assert told(row) == ("Queued", WAITING)
    assert handed(report(device)) is None
    assert VppAssignment.objects.get().serial == row_of(device).serial
    release_holds()
    assert told(row) == ("Queued", WAITING)

    assigned(device)
    release_holds()

    assert told(row) == ("Queued", "")
    assert not LicenceHold.objects.exists()
    assert command(report(device)) == {
        "RequestType": "InstallApplication",
        "iTunesStoreID": 408709785,
        "Options": {"PurchaseMethod": 1},
        "ManagementFlags": 1,
        "ChangeManagementState": "Managed",
    }


def test_a_device_is_woken_when_its_licence_has_come(
    api: ApiClient, device: SimulatedAppleDevice, tenant: Tenant
) -> None:
    LicenceFactory(LocationFactory(tenant), ADAM_ID)
    enrolment = AppleEnrolment.objects.filter(device=row_of(device))
    enrolment.update(wake_at=None)
    ask(api, device)
    assert enrolment.get().wake_at is None

    assigned(device)
    release_holds()

    assert enrolment.get().wake_at is not None


def test_what_a_licence_has_come_for_is_let_go_by_hand_too(
    api: ApiClient, device: SimulatedAppleDevice, tenant: Tenant
) -> None:
    LicenceFactory(LocationFactory(tenant), ADAM_ID)
    row = ask(api, device)
    assigned(device)
    out = StringIO()

    call_command("sweep_commands", stdout=out)

    assert "1  installations whose licence has come" in out.getvalue()
    assert told(row) == ("Queued", "")


def test_a_device_that_has_a_licence_keeps_it(api: ApiClient, device: SimulatedAppleDevice) -> None:
    licensed(device)

    row = ask(api, device)

    assert told(row) == ("Queued", "")
    assert VppAssignment.objects.count() == 1
    assert command(report(device))["RequestType"] == "InstallApplication"


def test_without_a_free_licence_it_fails_and_says_so(
    api: ApiClient, device: SimulatedAppleDevice, tenant: Tenant
) -> None:
    LicenceFactory(LocationFactory(tenant), ADAM_ID, total=0, available_count=0)

    row = ask(api, device)
    release_holds()

    state, reason = told(row)
    assert state == "Failure"
    assert "no licence available" in reason.lower()


def test_licences_of_another_tenant_do_not_count(
    api: ApiClient, device: SimulatedAppleDevice, other_device: SimulatedAppleDevice
) -> None:
    licensed(other_device)

    row = ask(api, device)
    release_holds()

    assert told(row) == ("Failure", "No licence available: the tenant has none of this app.")
    assert not VppAssignment.objects.filter(serial=row_of(device).serial).exists()


def test_a_device_without_a_serial_number_cannot_have_one(
    api: ApiClient, device: SimulatedAppleDevice, tenant: Tenant
) -> None:
    LicenceFactory(LocationFactory(tenant), ADAM_ID)
    device_id = row_of(device).pk
    Device.objects.filter(pk=device_id).update(serial="")
    body = {
        "command_type": "DEVICE",
        "devices": [str(device_id)],
        "command": "VPP_APP_INSTALL",
        "schedule": "IMMEDIATE",
    }

    created = api.post("/api/commands/v0/commands/", {**body, "command_args": ARGUMENTS})
    release_holds()

    row = CommandStatus.objects.get(request=created.json()["content"]["id"])
    assert told(row) == ("Failure", "The device has told no serial number, to which a licence could be assigned.")


def test_what_is_cancelled_while_it_waits_stays_cancelled(
    api: ApiClient, device: SimulatedAppleDevice, tenant: Tenant
) -> None:
    LicenceFactory(LocationFactory(tenant), ADAM_ID)
    row = ask(api, device)
    cancel_command_status(status=row, actor=ACTOR)

    assigned(device)
    release_holds()

    assert told(row)[0] == "Cancelled"
    assert not LicenceHold.objects.exists()
    assert handed(report(device)) is None


def test_a_licence_that_is_gone_at_delivery_ends_it(api: ApiClient, device: SimulatedAppleDevice) -> None:
    assignment = licensed(device)
    row = ask(api, device)

    assignment.delete()

    assert handed(report(device)) is None
    assert told(row) == ("Failure", "The licence that was assigned to the device was taken away again.")


def test_it_succeeds_when_the_device_lists_the_app(api: ApiClient, device: SimulatedAppleDevice) -> None:
    licensed(device)
    row = ask(api, device)

    with time_machine.travel(timezone.now(), tick=False) as clock:
        answer(device, Identifier=BUNDLE, State="Queued")
        assert told(row) == ("In Progress", "The device is to install the app.")
        assert handed(report(device)) is None  # not asked at once

        clock.shift(21)
        assert command(report(device)) == {"RequestType": "ManagedApplicationList", "Identifiers": [BUNDLE]}
        answer(device, **managed("Installing"))
        assert told(row) == ("In Progress", "The device is installing the app (Installing).")

        clock.shift(41)
        answer(device, **managed("Managed"))
        assert command(report(device))["RequestType"] == "InstalledApplicationList"
        answer(device, **listed())

    assert told(row) == ("Success", "")
    app = DeviceApp.objects.get()
    store_app = StoreApp.objects.get(tenant=row_of(device).tenant, apple_app_id=ADAM_ID)
    assert (app.device_id, app.app_type, app.app_id) == (row_of(device).pk, "VPP", store_app.pk)
    assert (app.bundle_id, app.version, app.app_version_id) == (BUNDLE, "4.1", None)
    assert InstalledApp.objects.get(device=row_of(device), identifier=BUNDLE).is_managed


def test_another_bundle_identifier_than_the_store_knows_is_refused(
    api: ApiClient, device: SimulatedAppleDevice, tenant: Tenant, other_tenant: Tenant
) -> None:
    StoreApp.objects.create(tenant=other_tenant, apple_app_id=ADAM_ID, country="us", bundle_id="com.example.other")
    app = StoreApp.objects.create(tenant=tenant, apple_app_id=ADAM_ID, country="us", bundle_id="com.example.Till")
    body = {"command_type": "DEVICE", "devices": [str(row_of(device).pk)], "command": "VPP_APP_INSTALL"}
    sent = {**body, "command_args": ARGUMENTS, "schedule": "IMMEDIATE"}

    refused = api.post("/api/commands/v0/commands/", sent)

    assert refused.status_code == 400
    assert "com.example.Till" in str(refused.json()["content"]["command_args"]["bundle_identifier"])
    assert not CommandStatus.objects.exists()
    StoreApp.objects.filter(pk=app.pk).update(bundle_id=BUNDLE)
    assert api.post("/api/commands/v0/commands/", sent).status_code == 201


def test_the_version_is_told_if_the_store_has_shown_it(api: ApiClient, device: SimulatedAppleDevice) -> None:
    licensed(device)
    store_app = StoreApp.objects.create(tenant=row_of(device).tenant, apple_app_id=ADAM_ID, country="us")
    version = StoreAppVersion.objects.create(app=store_app, version="4.1")

    install(api, device)

    assert DeviceApp.objects.get().app_version_id == version.pk


def install(api: ApiClient, device: SimulatedAppleDevice, **more: Any) -> CommandStatus:
    """All of it, without a hitch."""
    row = ask(api, device, **more)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        answer(device)
        clock.shift(21)
        answer(device, **managed("Managed"))
        answer(device, **listed())
    assert told(row) == ("Success", "")
    return row


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("Failed", "could not install"),
        ("UserRejected", "user refused the app"),
        ("ManagementRejected", "manage the app"),
        ("UpdateRejected", "refused the update"),
        ("NeedsRedemption", "no licence of the app"),
    ],
)
def test_a_device_that_will_not_have_it_says_so(
    api: ApiClient, device: SimulatedAppleDevice, state: str, words: str
) -> None:
    licensed(device)
    row = ask(api, device)

    with time_machine.travel(timezone.now(), tick=False) as clock:
        answer(device)
        clock.shift(21)
        answer(device, **managed(state))

    assert told(row)[0] == "Failure"
    assert words in told(row)[1]
    assert not DeviceApp.objects.exists()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"RejectionReason": "AppStoreDisabled"}, "The App Store is disabled"),
        ({"RejectionReason": "SomethingNew"}, "SomethingNew"),
        ({"State": "Failed"}, "could not install"),
    ],
    ids=["known", "unknown", "state"],
)
@pytest.mark.parametrize("status", ["Acknowledged", "Error"])
def test_a_refusal_ends_it_at_once(
    api: ApiClient, device: SimulatedAppleDevice, status: str, fields: dict[str, Any], words: str
) -> None:
    """It may come with an acknowledgement."""
    licensed(device)
    row = ask(api, device)

    answer(device, status, **fields)

    assert told(row)[0] == "Failure"
    assert words in told(row)[1]


@pytest.mark.parametrize("reason", ["AppAlreadyInstalled", "AppAlreadyQueued"])
def test_an_app_that_is_on_its_way_already_is_waited_for(
    api: ApiClient, device: SimulatedAppleDevice, reason: str
) -> None:
    licensed(device)
    row = ask(api, device)
    chain = [{"ErrorDomain": "MCMDMErrorDomain", "ErrorCode": 12025, "USEnglishDescription": "It is there."}]

    answer(device, "Error", RejectionReason=reason, ErrorChain=chain)

    assert told(row)[0] == "In Progress"


def test_a_licence_that_the_store_does_not_know_yet_is_tried_again(
    api: ApiClient, device: SimulatedAppleDevice
) -> None:
    licensed(device)
    row = ask(api, device)
    chain = [{"ErrorDomain": "ASDServerErrorDomain", "ErrorCode": 9610, "USEnglishDescription": "License not found"}]

    with time_machine.travel(timezone.now(), tick=False) as clock:
        for minutes in (1, 2, 3):
            answer(device, "Error", ErrorChain=chain)
            assert told(row)[0] == "In Progress"
            clock.shift(dt.timedelta(minutes=minutes, seconds=1))
            assert command(report(device))["RequestType"] == "InstallApplication"
        answer(device, "Error", ErrorChain=chain)

    assert told(row) == ("Failure", "License not found (ASDServerErrorDomain 9610)")


def test_after_five_hours_it_fails_with_what_was_known_last(api: ApiClient, device: SimulatedAppleDevice) -> None:
    licensed(device)
    row = ask(api, device)
    begun = timezone.now()

    with time_machine.travel(begun, tick=False) as clock:
        answer(device)
        while told(row)[0] == "In Progress":
            clock.move_to(row.not_before + dt.timedelta(seconds=1))
            answer(device, **managed("Prompting"))
        hours = (timezone.now() - begun).total_seconds() / 3600

    assert 4 < hours < 6
    state, reason = told(row)
    assert state == "Failure"
    assert "the user has not agreed to it yet" in reason


@pytest.mark.parametrize(
    ("app", "words"),
    [
        ({}, "neither has the app nor is installing it"),
        ({BUNDLE: {"Status": "ManagedButUninstalled"}}, "The user has deleted the app."),
    ],
    ids=["never heard of", "deleted"],
)
def test_a_device_that_says_nothing_of_the_app_is_not_asked_for_hours(
    api: ApiClient, device: SimulatedAppleDevice, app: dict[str, Any], words: str
) -> None:
    """Its user's refusal is told once, in a report that may have been lost."""
    licensed(device)
    row = ask(api, device)
    begun = timezone.now()

    with time_machine.travel(begun, tick=False) as clock:
        answer(device)
        while told(row)[0] == "In Progress":
            clock.move_to(row.not_before + dt.timedelta(seconds=1))
            answer(device, ManagedApplicationList=app)
        minutes = (timezone.now() - begun).total_seconds() / 60

    assert 15 < minutes < 30
    assert told(row)[0] == "Failure"
    assert words in told(row)[1]


def test_an_app_that_is_still_installing_is_not_there(api: ApiClient, device: SimulatedAppleDevice) -> None:
    licensed(device)
    row = ask(api, device)

    with time_machine.travel(timezone.now(), tick=False) as clock:
        answer(device)
        clock.shift(21)
        answer(device, **managed("Managed"))
        answer(device, **listed(Installing=True))

    assert told(row)[0] == "In Progress"
    assert not DeviceApp.objects.exists()


def test_a_locked_device_is_asked_again_later(api: ApiClient, device: SimulatedAppleDevice) -> None:
    licensed(device)
    row = ask(api, device)

    answer(device, "NotNow")

    assert told(row) == ("Initiated", "The device asked to be offered it later (NotNow).")
    assert command(report(device))["RequestType"] == "InstallApplication"


@pytest.mark.parametrize("odd", [None, [], "x", {BUNDLE: 7}, {BUNDLE: {"Status": 7}}], ids=str)
def test_odd_lists_are_no_end(api: ApiClient, device: SimulatedAppleDevice, odd: Any) -> None:
    licensed(device)
    row = ask(api, device)
    fields = {} if odd is None else {"ManagedApplicationList": odd}

    with time_machine.travel(timezone.now(), tick=False) as clock:
        answer(device)
        clock.shift(21)
        answer(device, **fields)

    assert told(row)[0] == "In Progress"


def test_the_configuration_travels_along_and_is_kept_secret(api: ApiClient, device: SimulatedAppleDevice) -> None:
    licensed(device)
    config = plistlib.dumps({"server": "https://till.example.org", "key": "planted-config-secret"})

    row = ask(api, device, base64_app_config=base64.b64encode(config).decode())

    assert "planted" not in str(row.request.command_args)
    assert command(report(device))["Configuration"] == plistlib.loads(config)
    CommandStatus.objects.filter(pk=row.pk).delete()
    install(api, device, base64_app_config=base64.b64encode(config).decode())
    assert DeviceApp.objects.get().app_config == config


@pytest.mark.parametrize(
    "config",
    [
        "%%%",
        base64.b64encode(b"no list").decode(),
        base64.b64encode(plistlib.dumps(["x"])).decode(),
        base64.b64encode(plistlib.dumps({"x": "\v"}, fmt=plistlib.FMT_BINARY)).decode(),
        "A" * 100_000,
    ],
    ids=["no base64", "no property list", "no dictionary", "not to be sent", "too long"],
)
def test_a_configuration_that_is_none_is_refused(api: ApiClient, device: SimulatedAppleDevice, config: str) -> None:
    body = {
        "command_type": "DEVICE",
        "devices": [str(row_of(device).pk)],
        "command": "VPP_APP_INSTALL",
        "command_args": {**ARGUMENTS, "base64_app_config": config},
        "schedule": "IMMEDIATE",
    }

    refused = api.post("/api/commands/v0/commands/", body)

    assert refused.status_code == 400
    assert "base64_app_config" in str(refused.json())
    assert not CommandStatus.objects.exists()
