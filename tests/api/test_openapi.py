"""The OpenAPI document, operation by operation, against what the page documents."""

from typing import Any

import pytest
from django.core.management import call_command

from tests.api.ours import OURS
from tests.api.seed import APNS, LICENCES, OPERATIONS, Operation
from tests.api.seed_commands import COMMANDS
from tests.contract import document


def described(seed: Operation) -> dict[str, Any]:
    found: dict[str, Any] = document()["paths"][seed.path][seed.method.lower()]
    return found


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with its references followed, at this level and in its properties and items."""
    if "$ref" in schema:
        found: dict[str, Any] = document()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        return resolved(found)
    if "allOf" in schema and len(schema["allOf"]) == 1:
        return resolved(schema["allOf"][0])
    return schema


def alternatives(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """The properties of each form that a body may have."""
    found = resolved(schema)
    return [properties(each) for each in found.get("oneOf", [found])]


def properties(schema: dict[str, Any]) -> dict[str, Any]:
    found = resolved(schema)
    return {
        name: each
        for part in found.get("allOf", [found])
        for name, each in resolved(part).get("properties", {}).items()
    }


def facts(schema: dict[str, Any], like: dict[str, Any]) -> dict[str, Any]:
    """What the page tells of a type; enums as sets, null beside the values is tolerance."""
    found = resolved(schema)
    told: dict[str, Any] = {key: found[key] for key in ("type", "format", "enum", "items", "maxItems") if key in found}
    if "enum" in told:
        told["enum"] = {value for value in told["enum"] if value is not None}
    if "default" in like:
        told["default"] = found.get("default")
    return told


def seeded(schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "enum": set(schema["enum"])} if "enum" in schema else schema


def test_the_document_has_the_documented_operations_and_ours() -> None:
    found = {f"{method.upper()} {path}" for path, methods in document()["paths"].items() for method in methods}

    assert found == {str(seed) for seed in OPERATIONS} | OURS


@pytest.mark.parametrize("name", sorted(OURS))
def test_each_of_ours_is_described_as_the_documented_ones_are(name: str) -> None:
    method, path = name.split()
    told = document()["paths"][path][method.lower()]
    headers = {item["name"] for item in told["parameters"] if item["in"] == "header"}
    errors = {code: answer for code, answer in told["responses"].items() if code >= "400"}

    assert {"X-Tenant-Id", "X-Caller-Id"} <= headers
    assert {"401", "500"} | ({"404"} if "{" in path else set()) <= set(errors)
    schemas = {answer["content"]["application/json"]["schema"]["$ref"] for answer in errors.values()}
    assert schemas == {"#/components/schemas/ErrorEnvelope"}
    assert told["security"] == [{"Authorization": []}]
    assert ("requestBody" in told) is (method in ("POST", "PUT") and not path.endswith("/drift"))


def test_each_operation_has_its_summary_and_tag() -> None:
    told = {str(seed): (described(seed)["summary"], described(seed)["tags"]) for seed in OPERATIONS}

    assert told == {str(seed): (seed.summary, [seed.tag]) for seed in OPERATIONS}


def test_each_operation_requires_exactly_its_headers() -> None:
    for seed in OPERATIONS:
        headers = {item["name"]: item for item in described(seed)["parameters"] if item["in"] == "header"}

        assert set(headers) == set(seed.headers), seed
        assert all(item["required"] for item in headers.values()), seed
        told = {name: item["schema"] for name, item in headers.items()}
        assert told == {**{name: {"type": "string"} for name in seed.headers}, "X-Tenant-Id": seed.tenant}, seed


def test_each_operation_has_exactly_its_query_parameters() -> None:
    for seed in OPERATIONS:
        found = {item["name"]: item for item in described(seed)["parameters"] if item["in"] == "query"}

        assert set(found) == set(seed.query), seed
        told = {name: facts(item["schema"], seed.query[name]) for name, item in found.items()}
        assert told == {name: seeded(schema) for name, schema in seed.query.items()}, seed
        assert {name for name, item in found.items() if item.get("required")} == set(seed.required_query), seed


def test_each_operation_has_its_path_parameters() -> None:
    for seed in OPERATIONS:
        found = [item for item in described(seed)["parameters"] if item["in"] == "path"]

        assert {item["name"]: item["schema"] for item in found} == seed.ids, seed
        assert all(item["required"] for item in found), seed


def test_each_operation_takes_the_documented_body() -> None:
    for seed in OPERATIONS:
        body = described(seed).get("requestBody")

        if seed.body is None:
            assert body is None, seed
            continue
        assert body is not None, seed
        assert body.get("required", False) is seed.body_required, seed
        assert list(body["content"]) == [seed.body_type], seed
        for fields in alternatives(body["content"][seed.body_type]["schema"]):
            told = {name: facts(schema, {}) for name, schema in fields.items()}
            assert told.pop("command", {}).get("enum", set()) <= set(COMMANDS), seed
            assert told == {name: seeded(schema) for name, schema in seed.body.items() if name != "command"}, seed


def test_each_operation_answers_with_the_documented_statuses() -> None:
    """Some document more: filters can be wrong, a certificate can be in use, there may be no licences of an app."""
    more = {
        "GET /api/device/v0/devices/": {"400"},
        f"DELETE {APNS}{{id}}/": {"400"},
        f"GET {LICENCES}/{{appId}}": {"404"},
    }

    for seed in OPERATIONS:
        wanted = {str(status) for status in seed.statuses} | more.get(str(seed), set())
        assert set(described(seed)["responses"]) == wanted, seed


def test_each_error_is_the_error_envelope() -> None:
    for seed in OPERATIONS:
        errors = {code: answer for code, answer in described(seed)["responses"].items() if code >= "400"}

        schemas = [answer["content"]["application/json"]["schema"]["$ref"] for answer in errors.values()]
        assert set(schemas) == {"#/components/schemas/ErrorEnvelope"}, seed


def test_each_operation_is_secured_by_the_bearer_scheme() -> None:
    for seed in OPERATIONS:
        assert described(seed)["security"] == [{"Authorization": []}], seed
    assert document()["components"]["securitySchemes"]["Authorization"]["scheme"] == "bearer"


def content_of(method: str, path: str, status: int) -> dict[str, Any]:
    seed = next(item for item in OPERATIONS if (item.method, item.path) == (method, path))
    answer = resolved(described(seed)["responses"][str(status)]["content"]["application/json"]["schema"])
    keys = {"code", "message", "content"} if seed.is_wrapped else {"content"}
    assert keys == set(answer["properties"]) == set(answer["required"])
    return resolved(answer["properties"]["content"])


REQUEST_FIELDS = {
    "id",
    "command_type",
    "devices",
    "groups",
    "device_type",
    "command",
    "command_args",
    "schedule",
    "schedule_args",
    "reason",
    "created_by",
    "created_at",
}
STATUS_FIELDS = {"id", "request", "device", "state", "reason", "created_at", "updated_at"}
SHARED_DEVICE_FIELDS = {
    "id",
    "name",
    "alias",
    "os",
    "state",
    "platform",
    "serial",
    "os_version",
    "global_device_id",
    "tenant_id",
    "group_id",
    "hardware_info",
    "software_info",
    "network_info",
    "memory_info",
    "blueprint_info",
    "managed_by",
    "onboarded_on",
    "provisioned_on",
    "is_seamless",
    "created_by",
    "updated_by",
    "created_at",
    "updated_at",
    "last_seen",
}
APPLE_FIELDS = {
    "udid",
    "dep_profile",
    "dep_profile_push_time",
    "dep_profile_assign_time",
    "dep_profile_status",
    "enrolment_info",
    "device_source",
    "is_supervised",
    "is_ddm_enabled",
}
ANDROID_FIELDS = {
    "network_stats",
    "location_stats",
    "battery_stats",
    "mqtt_topic",
    "fcm_id",
    "is_gms",
    "policy",
    "template_name",
    "is_esper_managed",
}


@pytest.mark.parametrize(
    ("method", "path", "status", "fields"),
    [
        ("POST", "/api/commands/v0/commands/", 201, REQUEST_FIELDS),
        ("GET", "/api/commands/v0/commands/{id}/", 200, REQUEST_FIELDS),
        ("GET", "/api/commands/v0/commands/{id}/stats/", 200, {"id", "status"}),
        ("GET", "/api/commands/v0/status/{id}/", 200, STATUS_FIELDS),
        ("PUT", "/api/commands/v0/status/{id}/", 200, STATUS_FIELDS),
        ("GET", "/api/device/v0/devices/{id}/", 200, SHARED_DEVICE_FIELDS | APPLE_FIELDS | ANDROID_FIELDS),
        ("DELETE", "/api/device/v0/devices/{id}/", 200, SHARED_DEVICE_FIELDS | APPLE_FIELDS | ANDROID_FIELDS),
        ("GET", "/api/device/v0/heartbeat/{id}/", 200, {"device_id", "timestamp", "status"}),
    ],
)
def test_answers_name_every_field_of_their_object(method: str, path: str, status: int, fields: set[str]) -> None:
    """Push tokens (`tokens` of Apple devices) are left out on purpose: nothing may read them here."""
    assert set(content_of(method, path, status)["properties"]) == fields


@pytest.mark.parametrize(
    ("path", "links", "fields"),
    [
        ("/api/commands/v0/commands/", {"previous"}, REQUEST_FIELDS),
        ("/api/commands/v0/status/", {"previous"}, STATUS_FIELDS),
        ("/api/device/v0/devices/", {"prev", "previous"}, SHARED_DEVICE_FIELDS | APPLE_FIELDS | ANDROID_FIELDS),
        ("/api/device/v2/heartbeat/", {"prev"}, {"device_id", "timestamp", "status"}),
    ],
)
def test_lists_are_pages_of_their_objects(path: str, links: set[str], fields: set[str]) -> None:
    page = content_of("GET", path, 200)["properties"]

    assert set(page) == {"count", "next", "results"} | links
    assert set(resolved(page["results"]["items"])["properties"]) == fields


NESTED = {
    "hardware_info": "brand model model_number serial manufacturer hardware device_baseband_version",
    "software_info": "os_version os_build_number bootloader_version security_path_level device_kernel_version "
    "eea_version esper_agent_info foundation_info airwave_info",
    "network_info": "imei1 imei2 wifi_mac_address ethernet_mac_address iccid1 iccid2 phone_number_1 phone_number_2 "
    "network_type",
    "memory_info": "total_ram total_internal_storage units internal_storage_binary_prefix",
    "blueprint_info": "assigned_blueprint_id current_blueprint_id current_blueprint_version_id "
    "blueprint_upgrade_status",
    "enrolment_info": "enrolment_id enrolment_user_id",
    "network_stats": "current_active_connection wifi_network_info cellular_network_info",
    "location_stats": "altitude latitude longitude",
    "battery_stats": "battery_level",
    "policy": "policy_id policy_name",
}


@pytest.mark.parametrize("name", NESTED)
def test_a_device_names_every_field_of_its_inner_objects(name: str) -> None:
    device = content_of("GET", "/api/device/v0/devices/{id}/", 200)["properties"]

    assert set(resolved(device[name])["properties"]) == set(NESTED[name].split())


def test_the_device_state_is_the_bare_object() -> None:
    seed = next(item for item in OPERATIONS if item.path.endswith("devicestate"))

    state = resolved(described(seed)["responses"]["200"]["content"]["application/json"]["schema"])
    assert list(state["properties"]) == [
        "gps_state",
        "wifi_state",
        "adb_enabled",
        "adb_timeout",
        "remote_adb_enabled",
        "remote_adb_ip",
        "remote_adb_port",
        "audio_settings",
        "rotation_state",
        "bluetooth_state",
        "brightness_scale",
        "screen_off_timeout",
        "use_only_saved_ap",
    ]


def test_the_document_is_valid_and_builds_without_a_warning(tmp_path: Any) -> None:
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(tmp_path / "openapi.yaml"))


def test_the_document_carries_no_marks_of_its_generator() -> None:
    assert "x-spec-enum-id" not in str(document())
