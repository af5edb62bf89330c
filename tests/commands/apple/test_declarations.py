"""Declarations, their tokens, and the set that a device is to have."""

import datetime as dt
from typing import Any

import orjson
import pytest

from commands.apple.declarations import (
    ACTIVATION,
    Declaration,
    command,
    declaration_set,
    declarations_token,
    items_response,
)
from commands.apple.declared import (
    EMPTY,
    command_for,
    declaration_problems,
    document_for,
    forget_declarations,
    list_for,
    replace_declarations,
    token_for,
)
from commands.blueprints.os_updates import (
    deferral_restrictions,
    os_update_declarations,
    os_update_refusals,
)
from commands.models import AppleDeclarations
from devices.models import Device
from tenants.models import Tenant
from tests.factories.devices import DeviceFactory

TEST = "com.apple.configuration.management.test"
FIRST = Declaration("org.example.first", TEST, {"Echo": "one", "ReturnStatus": "Installed"})
SECOND = Declaration("org.example.second", TEST, {"Echo": "two"})
ENFORCEMENT = "com.apple.configuration.softwareupdate.enforcement.specific"
ENFORCED: dict[str, Any] = {
    "os_update_settings": {"target_os_version": "18.2", "target_local_datetime": "2026-12-01T20:00:00"}
}
DEFERRED: dict[str, Any] = {"defer_os_updates": {"defer_os_updates_delay": 30}}


def changed(declaration: Declaration, **payload: str) -> Declaration:
    return Declaration(declaration.identifier, declaration.type, {**declaration.payload, **payload})


# --- tokens and the set ---------------------------------------------------------------------------------------


def test_a_server_token_follows_the_content_alone() -> None:
    turned = dict(reversed(FIRST.payload.items()))

    assert Declaration(FIRST.identifier, TEST, turned).server_token == FIRST.server_token
    assert changed(FIRST, Echo="other").server_token != FIRST.server_token
    assert Declaration("org.example.other", TEST, FIRST.payload).server_token != FIRST.server_token


def test_a_set_has_one_activation_that_names_its_configurations() -> None:
    *configurations, activation = declaration_set([SECOND, FIRST])

    assert configurations == [FIRST, SECOND]
    assert (activation.type, activation.payload) == (
        ACTIVATION,
        {"StandardConfigurations": ["org.example.first", "org.example.second"]},
    )
    assert declaration_set([]) == ()


def test_the_token_of_a_set_does_not_flap() -> None:
    token = declarations_token([FIRST, SECOND])

    assert declarations_token([SECOND, FIRST]) == token
    assert declarations_token([FIRST, changed(SECOND, Echo="other")]) != token
    assert declarations_token([FIRST]) != token


def test_a_list_names_each_declaration_in_its_section() -> None:
    documents = [declaration.document() for declaration in declaration_set([FIRST])]

    told = items_response("t", documents)

    assert told["DeclarationsToken"] == "t"
    assert {name: [item["Identifier"] for item in items] for name, items in told["Declarations"].items()} == {
        "Activations": ["org.muster.activation"],
        "Assets": [],
        "Configurations": ["org.example.first"],
        "Management": [],
    }
    assert told["Declarations"]["Configurations"][0]["ServerToken"] == FIRST.server_token


def test_the_command_carries_the_tokens() -> None:
    changed_at = dt.datetime(2026, 11, 23, 6, 0, tzinfo=dt.timezone(dt.timedelta(hours=1)))

    told = command("t", changed_at)

    assert told["RequestType"] == "DeclarativeManagement"
    assert orjson.loads(told["Data"]) == {"SyncTokens": {"DeclarationsToken": "t", "Timestamp": "2026-11-23T05:00:00Z"}}


# --- what is kept for a device --------------------------------------------------------------------------------


@pytest.fixture
def device(tenant: Tenant) -> Device:
    return DeviceFactory(tenant=tenant, is_supervised=True)


@pytest.fixture
def other_device(other_tenant: Tenant) -> Device:
    return DeviceFactory(tenant=other_tenant, is_supervised=True)


def identifiers(row: AppleDeclarations) -> list[str]:
    row.refresh_from_db()
    return [item["Identifier"] for item in list_for(row)["Declarations"]["Configurations"]]


def test_replacing_keeps_the_set_before(device: Device, other_device: Device) -> None:
    replace_declarations(other_device.pk, declaration_set([SECOND]))
    replace_declarations(device.pk, declaration_set([FIRST]))
    row = replace_declarations(device.pk, declaration_set([SECOND]))

    assert identifiers(row) == ["org.example.second"]
    assert [document["Identifier"] for document in row.previous] == ["org.example.first", "org.muster.activation"]
    assert row.token == token_for(device.pk) == token_for(other_device.pk)
    assert AppleDeclarations.objects.get(device=other_device).previous == []


def test_replacing_by_the_same_changes_nothing(device: Device) -> None:
    before = replace_declarations(device.pk, declaration_set([FIRST]))
    replace_declarations(device.pk, declaration_set([FIRST]))

    after = AppleDeclarations.objects.get()
    assert (after.changed_at, after.previous) == (before.changed_at, [])
    assert command_for(after) == command_for(before)


def test_a_device_that_was_never_told_anything_has_the_empty_set(device: Device) -> None:
    assert token_for(device.pk) == EMPTY == declarations_token(declaration_set([]))

    row = replace_declarations(device.pk, ())

    assert (row.token, identifiers(row)) == (EMPTY, [])


def test_a_declaration_is_found_by_its_kind_and_identifier(device: Device) -> None:
    row = replace_declarations(device.pk, declaration_set([FIRST]))

    assert document_for(row, "configuration", FIRST.identifier) == FIRST.document()
    assert document_for(row, "asset", FIRST.identifier) is None
    assert document_for(row, "configuration", SECOND.identifier) is None


def test_a_device_that_read_the_old_list_gets_the_old_content(device: Device) -> None:
    old = replace_declarations(device.pk, declaration_set([FIRST]))
    AppleDeclarations.objects.update(seen_token=old.token)
    row = replace_declarations(device.pk, declaration_set([changed(FIRST, Echo="new")]))

    assert document_for(row, "configuration", FIRST.identifier) == FIRST.document()

    row.seen_token = row.token
    assert document_for(row, "configuration", FIRST.identifier) == changed(FIRST, Echo="new").document()


def test_forgetting_leaves_other_devices_alone(device: Device, other_device: Device) -> None:
    for each in (device, other_device):
        replace_declarations(each.pk, declaration_set([FIRST]))

    forget_declarations(device.pk)

    assert list(AppleDeclarations.objects.values_list("device", flat=True)) == [other_device.pk]


# --- what the device says of them -----------------------------------------------------------------------------


def reported(device: Device, *configurations: dict[str, Any], **items: Any) -> list[tuple[str, str]]:
    """The problems after the device has said this of its declarations."""
    row = AppleDeclarations.objects.get(device=device)
    row.status = {"management.declarations": {"configurations": list(configurations)}, **items}
    row.save(update_fields=["status"])
    return declaration_problems(device)


def state(declaration: Declaration, valid: str = "valid", active: bool = True, reasons: Any = ()) -> dict[str, Any]:
    return {
        "identifier": declaration.identifier,
        "server-token": declaration.server_token,
        "valid": valid,
        "active": active,
        "reasons": list(reasons),
    }


def test_a_refused_declaration_is_a_problem_with_its_reason(device: Device, other_device: Device) -> None:
    for each in (device, other_device):
        replace_declarations(each.pk, declaration_set([FIRST, SECOND]))

    problems = reported(device, state(FIRST, "invalid", active=False, reasons=["No (Error.No)"]), state(SECOND))

    assert problems == [("org.example.first", "The declaration was refused by the device: No (Error.No)")]
    assert declaration_problems(other_device) == []


def test_a_declaration_out_of_force_is_a_problem_and_one_not_tried_yet_is_none(device: Device) -> None:
    replace_declarations(device.pk, declaration_set([FIRST, SECOND]))

    problems = reported(device, state(FIRST, active=False), state(SECOND, "unknown", active=False))

    assert problems == [
        ("org.example.first", "The declaration is not in force on the device: it does not say why"),
    ]


def test_what_it_says_of_a_replaced_declaration_counts_no_more(device: Device) -> None:
    replace_declarations(device.pk, declaration_set([changed(FIRST, Echo="new")]))

    assert reported(device, state(FIRST, "invalid", active=False)) == []


def test_a_failed_update_is_a_problem_until_the_system_is_new(device: Device) -> None:
    replace_declarations(device.pk, declaration_set(os_update_declarations(ENFORCED, device)))
    failed = {
        "softwareupdate.install-state": "failed",
        "softwareupdate.failure-reason": {"count": 2, "reason": "not enough space", "timestamp": ""},
    }

    assert reported(device, **failed) == [("org.muster.blueprint.os-update", "The update failed: not enough space")]
    device.os_version = "18.2"
    assert reported(device, **failed) == []


# --- updates of the system ------------------------------------------------------------------------------------


def test_an_update_is_enforced_and_the_device_asked_to_tell_of_it(device: Device) -> None:
    told = {**ENFORCED["os_update_settings"], "target_build_version": "22C150", "details_url": "https://it.example/18"}

    enforcement, subscriptions = os_update_declarations({"os_update_settings": told}, device)

    assert (enforcement.type, enforcement.payload) == (
        ENFORCEMENT,
        {
            "TargetOSVersion": "18.2",
            "TargetBuildVersion": "22C150",
            "TargetLocalDateTime": "2026-12-01T20:00:00",
            "DetailsURL": "https://it.example/18",
        },
    )
    assert {"Name": "softwareupdate.install-state"} in subscriptions.payload["StatusItems"]


@pytest.mark.parametrize(
    ("os", "os_version", "supervised", "reason"),
    [
        ("iOS", "16.7", True, "This takes iOS 17 or newer, and the device has 16.7."),
        ("tvOS", "18.3", True, "This takes tvOS 18.4 or newer, and the device has 18.3."),
        ("macOS", "15.0", False, "Updates can be enforced on supervised Macs only, and this one is not supervised."),
        ("iOS", "17.0", False, ""),
        ("", "", None, ""),
    ],
)
def test_an_update_is_enforced_where_apple_lets_it(
    tenant: Tenant, os: str, os_version: str, supervised: bool | None, reason: str
) -> None:
    device = DeviceFactory(tenant=tenant, os=os, os_version=os_version, is_supervised=supervised)

    assert bool(os_update_declarations(ENFORCED, device)) != bool(reason)
    assert os_update_refusals(ENFORCED, device) == ([("os_update_settings", reason)] if reason else [])


def test_updates_are_deferred_by_a_declaration_where_the_system_knows_it(tenant: Tenant) -> None:
    new = DeviceFactory(tenant=tenant, is_supervised=True)
    mac = DeviceFactory(tenant=tenant, is_supervised=True, os="macOS", os_version="15.1")
    old = DeviceFactory(tenant=tenant, is_supervised=True, os_version="17.6")

    periods = [
        [declaration.payload for declaration in os_update_declarations(DEFERRED, device)] for device in (new, mac, old)
    ]

    assert periods == [
        [{"Deferrals": {"CombinedPeriodInDays": 30}}],
        [{"Deferrals": dict.fromkeys(("MajorPeriodInDays", "MinorPeriodInDays", "SystemPeriodInDays"), 30)}],
        [],
    ]
    assert deferral_restrictions(DEFERRED, new) == {}
    assert deferral_restrictions(DEFERRED, old) == {
        "forceDelayedSoftwareUpdates": True,
        "enforcedSoftwareUpdateDelay": 30,
    }
    assert os_update_refusals(DEFERRED, old) == []


def test_unsupervised_devices_cannot_defer(tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant, is_supervised=False)

    assert os_update_declarations(DEFERRED, device) == ()
    assert "supervised" in os_update_refusals(DEFERRED, device)[0][1]


def test_no_delay_is_no_deferral(device: Device) -> None:
    nothing: dict[str, Any] = {"defer_os_updates": {"defer_os_updates_delay": 0}}

    assert (os_update_declarations(nothing, device), os_update_refusals(nothing, device)) == ((), [])
    assert os_update_declarations({}, device) == ()
