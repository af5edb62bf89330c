"""POST /api/commands/v0/commands/: what is taken, what is refused, and what is then stored."""

import uuid
from typing import Any

import pytest

from commands.models import CommandRequest, CommandStatus
from tenants.models import AuditEvent, Tenant
from tests.conftest import ApiClient
from tests.factories.devices import AndroidFactory, DeviceFactory, DeviceGroupFactory

REQUESTS = "/api/commands/v0/commands/"


@pytest.fixture
def device_id(tenant: Tenant) -> str:
    return str(DeviceFactory(tenant=tenant).pk)


def lock(**fields: Any) -> dict[str, Any]:
    return {"command_type": "DEVICE", "command": "LOCK", **fields}


def nothing_changed() -> bool:
    audited = AuditEvent.objects.filter(actor_kind="api").exists()
    return not (CommandRequest.objects.exists() or CommandStatus.objects.exists() or audited)


def test_answers_201_with_the_request(api: ApiClient, device_id: str) -> None:
    response = api.post(REQUESTS, lock(devices=[device_id]))

    row = CommandRequest.objects.get()
    assert response.status_code == 201
    assert response.json() == {
        "code": 201,
        "message": "Command request created",
        "content": {
            "id": str(row.pk),
            "command_type": "DEVICE",
            "devices": [device_id],
            "groups": [],
            "device_type": "all",
            "command": "LOCK",
            "command_args": {},
            "schedule": "IMMEDIATE",
            "schedule_args": {},
            "reason": "",
            "created_by": "caller-1",
            "created_at": row.created_at.isoformat().replace("+00:00", "Z"),
        },
    }


def test_takes_the_sample_of_the_documentation(api: ApiClient, device_id: str) -> None:
    body = {
        "command_type": "DEVICE",
        "devices": [device_id],
        "groups": [],
        "device_type": "active",
        "command": "ADD_TO_WHITELIST",
        "command_args": {"package_name": "com.example"},
        "schedule": "IMMEDIATE",
        "schedule_args": {},
    }

    response = api.post(REQUESTS, body)

    assert response.status_code == 201
    assert {key: response.json()["content"][key] for key in body} == body


def test_takes_nulls_for_what_is_not_set(api: ApiClient, device_id: str) -> None:
    """Clients made from the document send every member, null where none was set."""
    nulls = dict.fromkeys(["groups", "device_type", "command_args", "schedule", "schedule_args", "alias"])

    response = api.post(REQUESTS, lock(devices=[device_id], **nulls))

    assert response.status_code == 201
    content = response.json()["content"]
    assert (content["groups"], content["device_type"], content["schedule"]) == ([], "all", "IMMEDIATE")
    assert (content["command_args"], content["schedule_args"]) == ({}, {})


def test_takes_nulls_among_the_arguments(api: ApiClient, device_id: str) -> None:
    args = {"managed_only": None, "profile": None, "is_converge": None}
    schedule = {"name": None, "start_datetime": None, "days": None, "window_start_time": ""}

    response = api.post(
        REQUESTS,
        lock(devices=[device_id], command="LIST_INSTALLED_PROFILES", command_args=args, schedule_args=schedule),
    )

    assert response.status_code == 201
    assert response.json()["content"]["command_args"] == response.json()["content"]["schedule_args"] == {}


def test_schedule_arguments_of_an_immediate_command_are_kept(api: ApiClient, device_id: str) -> None:
    schedule = {
        "name": "night",
        "start_datetime": "2026-03-01T12:00:00+05:30",
        "time_type": "device",
        "days": ["Monday"],
        "colour": "red",
    }

    response = api.post(REQUESTS, lock(devices=[device_id], schedule_args=schedule))

    assert response.json()["content"]["schedule_args"] == {
        "name": "night",
        "start_datetime": "2026-03-01T06:30:00Z",
        "time_type": "device",
        "days": ["Monday"],
    }


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"time_type": "CONSOLE"}, "schedule_args.time_type: 'CONSOLE' is not one of console, device."),
        ({"start_datetime": "tomorrow"}, "schedule_args.start_datetime: "),
        ({"days": "Monday"}, "schedule_args.days: "),
        ({"name": {}}, "schedule_args.name: "),
    ],
)
def test_schedule_arguments_of_the_wrong_type_are_400(
    api: ApiClient, device_id: str, fields: dict[str, Any], named: str
) -> None:
    response = api.post(REQUESTS, lock(devices=[device_id], schedule_args=fields))

    assert response.status_code == 400
    assert response.json()["message"].startswith(named)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "command_type: This field is required. command: This field is required."),
        (lock(command_type="ALL"), "command_type: 'ALL' is not one of DEVICE, GROUP, DYNAMIC."),
        (lock(command_type="device"), "command_type: 'device' is not one of DEVICE, GROUP, DYNAMIC."),
        (lock(command_type=None), "command_type: This field may not be null."),
        (lock(command="EXPLODE"), "command: 'EXPLODE' is not one of ADD_TO_WHITELIST, "),
        (lock(command="lock"), "command: 'lock' is not one of "),
        (lock(device_type="online"), "device_type: 'online' is not one of active, inactive, all."),
        (lock(schedule="LATER"), "schedule: 'LATER' is not one of IMMEDIATE, WINDOW, RECURRING."),
        (lock(devices="x"), 'devices: Expected a list of items but got type "str".'),
        (lock(groups={}), 'groups: Expected a list of items but got type "dict".'),
        (lock(command_args=[]), 'command_args: Expected a dictionary of items but got type "list".'),
        (lock(schedule_args="x"), "schedule_args: Invalid data. Expected a dictionary, but got str."),
    ],
    ids=lambda value: str(value)[:50],
)
def test_a_wrong_value_is_400_and_named_with_its_rule(api: ApiClient, body: dict[str, Any], message: str) -> None:
    response = api.post(REQUESTS, body)

    assert response.status_code == 400
    assert response.json()["message"].startswith(message)
    assert nothing_changed()


@pytest.mark.parametrize(
    ("command_type", "needed"),
    [
        ("DEVICE", "`devices`: at least one device id"),
        ("GROUP", "`groups`: at least one group id"),
        ("DYNAMIC", "`devices` or `groups`: at least one id"),
    ],
)
@pytest.mark.parametrize("empty", [{}, {"devices": [], "groups": []}, {"devices": None, "groups": None}])
def test_each_command_type_needs_its_targets(
    api: ApiClient, command_type: str, needed: str, empty: dict[str, Any]
) -> None:
    response = api.post(REQUESTS, lock(command_type=command_type, **empty))

    assert response.status_code == 400
    assert response.json()["message"] == f"{command_type} needs {needed}."
    assert nothing_changed()


def test_a_group_command_with_devices_only_is_400(api: ApiClient, tenant: Tenant, device_id: str) -> None:
    group = str(DeviceGroupFactory(tenant=tenant).pk)

    assert api.post(REQUESTS, lock(command_type="GROUP", devices=[device_id])).status_code == 400
    assert api.post(REQUESTS, lock(command_type="DEVICE", groups=[group])).status_code == 400
    assert nothing_changed()


def test_a_dynamic_command_takes_devices_groups_or_both(api: ApiClient, tenant: Tenant, device_id: str) -> None:
    group = str(DeviceGroupFactory(tenant=tenant).pk)

    for targets in ({"devices": [device_id]}, {"groups": [group]}, {"devices": [device_id], "groups": [group]}):
        content = api.post(REQUESTS, lock(command_type="DYNAMIC", **targets)).json()["content"]
        assert {"devices": content["devices"], "groups": content["groups"]} == {"devices": [], "groups": [], **targets}


@pytest.mark.parametrize(("noun", "key", "kind"), [("device", "devices", "DEVICE"), ("group", "groups", "GROUP")])
def test_unknown_ids_are_400_and_listed(api: ApiClient, tenant: Tenant, noun: str, key: str, kind: str) -> None:
    known = (DeviceFactory if noun == "device" else DeviceGroupFactory)(tenant=tenant).pk
    unknown = [str(uuid.uuid4()) for _ in range(25)]

    response = api.post(REQUESTS, lock(command_type=kind, **{key: [str(known), *unknown]}))

    assert response.status_code == 400
    assert response.json()["message"] == f"invalid {noun} id: {', '.join(unknown[:20])} and 5 more"
    assert response.json()["content"] == {f"invalid_{noun}_ids": unknown}
    assert nothing_changed()


@pytest.mark.parametrize(("noun", "key", "kind"), [("device", "devices", "DEVICE"), ("group", "groups", "GROUP")])
def test_ids_of_another_tenant_are_unknown_ids(
    api: ApiClient, other_tenant: Tenant, noun: str, key: str, kind: str
) -> None:
    foreign = str((DeviceFactory if noun == "device" else DeviceGroupFactory)(tenant=other_tenant).pk)

    response = api.post(REQUESTS, lock(command_type=kind, **{key: [foreign]}))

    assert response.status_code == 400
    assert response.json()["message"] == f"invalid {noun} id: {foreign}"
    assert nothing_changed()


@pytest.mark.parametrize(("noun", "key", "kind"), [("device", "devices", "DEVICE"), ("group", "groups", "GROUP")])
def test_what_is_no_id_is_400_and_shown(api: ApiClient, device_id: str, noun: str, key: str, kind: str) -> None:
    response = api.post(REQUESTS, lock(command_type=kind, **{key: [device_id, "till-4", "x" * 500]}))

    assert response.status_code == 400
    assert response.json()["message"].startswith(f"{key}.1: invalid {noun} id: 'till-4' is not a UUID. {key}.2: ")
    assert list(response.json()["content"][key]) == ["1", "2"]
    assert len(response.json()["message"]) < 250
    assert nothing_changed()


def test_ids_may_be_in_capitals_and_count_once(api: ApiClient, device_id: str) -> None:
    response = api.post(REQUESTS, lock(devices=[device_id.upper(), device_id, device_id.replace("-", "")]))

    assert response.json()["content"]["devices"] == [device_id]
    assert CommandStatus.objects.count() == 1


def test_a_thousand_devices_are_taken_and_one_more_is_not(api: ApiClient, tenant: Tenant, device_id: str) -> None:
    thousand = [device_id] * 1000

    assert api.post(REQUESTS, lock(devices=thousand)).status_code == 201
    response = api.post(REQUESTS, lock(devices=[*thousand, device_id]))

    assert response.status_code == 400
    assert response.json()["message"] == "devices: Ensure this field has no more than 1000 elements."


def test_five_hundred_groups_are_taken_and_one_more_is_not(api: ApiClient, tenant: Tenant) -> None:
    groups = [str(DeviceGroupFactory(tenant=tenant).pk)] * 500

    assert api.post(REQUESTS, lock(command_type="GROUP", groups=groups)).status_code == 201
    response = api.post(REQUESTS, lock(command_type="GROUP", groups=[*groups, groups[0]]))

    assert response.status_code == 400
    assert response.json()["message"] == "groups: Ensure this field has no more than 500 elements."


def test_the_row_of_the_audit_log_says_who_did_what_from_where(api: ApiClient, tenant: Tenant, device_id: str) -> None:
    response = api.post(REQUESTS, lock(devices=[device_id]))

    event = AuditEvent.objects.get(action="command_request.created")
    prefix = api.headers["Authorization"].split()[1].rsplit("_", 1)[0]
    assert (event.actor_kind, event.tenant_id, event.source) == ("api", tenant.pk, "127.0.0.1")
    assert event.actor.startswith("caller-1 (mst_")
    assert prefix.startswith(event.actor.split("(")[1].rstrip(")")[:12])
    assert (event.object_type, event.object_id) == ("commandrequest", response.json()["content"]["id"])
    assert event.request_id == response.headers["X-Request-Id"]
    assert event.details == {"command": "LOCK", "devices": 1, "groups": 0, "schedule": "IMMEDIATE"}


def test_unknown_keys_are_ignored(api: ApiClient, device_id: str) -> None:
    response = api.post(REQUESTS, lock(devices=[device_id], alias="mine", id=str(uuid.uuid4()), created_by="root"))

    assert response.status_code == 201
    assert response.json()["content"]["created_by"] == "caller-1"


def test_mixed_targets_of_both_platforms_get_one_row_each(api: ApiClient, tenant: Tenant) -> None:
    group = DeviceGroupFactory(tenant=tenant)
    inside = DeviceFactory(tenant=tenant, group=group)
    outside = AndroidFactory(tenant=tenant)

    api.post(
        REQUESTS,
        lock(command_type="DYNAMIC", devices=[str(outside.pk), str(inside.pk)], groups=[str(group.pk)]),
    )

    rows = {status.device_id: status.state for status in CommandStatus.objects.all()}
    assert rows == {inside.pk: "Command Queued", outside.pk: "Command Failure"}
