"""Whatever is sent, the answer is a 4xx in the envelope or a success: never a 500, never a change on refusal."""

import json
import string
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commands.models import CommandRequest, CommandStatus
from tenants.models import AuditEvent, Tenant
from tests.api.calls import HEARTBEAT_BOUNDS, READS, belongings_of, path_of
from tests.api.seed import COMMAND_BODY, OPERATIONS, Operation
from tests.conftest import ApiClient
from tests.factories.commands import queued
from tests.factories.devices import DeviceFactory

REQUESTS = "/api/commands/v0/commands/"
NESTED = "[" * 20_000 + "]" * 20_000

NOT_JSON = {
    "empty": "",
    "blank": "  ",
    "half": '{"command_type": "DEVICE"',
    "two": "{}{}",
    "lone surrogate": '{"command_type": "\\ud800"}',
    "half of a surrogate pair": '{"command_type": "\\udc00\\ud800"}',
    "raw control character": '{"command_type": "\x01"}',
    "latin-1": b'{"command_type": "\xe9"}',
    "utf-16": '{"command_type": "DEVICE"}'.encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf{}",
    "NaN": '{"command_args": {"x": NaN}}',
    "infinite": '{"command_args": {"x": 1e999}}',
    "html": "<html></html>",
    "NUL": b"\x00",
    "very deep": NESTED,
    "deep objects": '{"a":' * 2000 + "1" + "}" * 2000,
}
NOT_AN_OBJECT = ["null", "[]", "[{}]", '"text"', "1", "-1.5", "true", "[[[]]]", "1e308"]
VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    2**63,
    2**64,
    10**30,
    1e308,
    "",
    " ",
    "x",
    "DEVICE ",
    "device",
    "\u202e",
    "\U0001f4a9",
    "x" * 100_000,
    [],
    [None],
    [[]],
    {},
    {"a": {"b": None}},
    [{}],
]


def waiting(tenant: Tenant) -> CommandStatus:
    """A command that waits for its device."""
    return queued(DeviceFactory(tenant=tenant))


def device_of(tenant: Tenant) -> str:
    return str(waiting(tenant).device_id)


def changed() -> tuple[int, int, int]:
    return CommandRequest.objects.count(), CommandStatus.objects.count(), AuditEvent.objects.count()


@pytest.mark.parametrize("method", ["post", "put"])
def test_a_body_that_is_not_json_is_400(api: ApiClient, tenant: Tenant, method: str) -> None:
    path = f"/api/commands/v0/status/{waiting(tenant).pk}/" if method == "put" else REQUESTS
    before = changed()

    for name, body in NOT_JSON.items():
        response = api.request(method, path, body)

        assert response.status_code == 400, name
        assert response.json()["message"], name
        assert changed() == before, name


@pytest.mark.parametrize("method", ["post", "put"])
def test_json_that_is_no_object_is_400(api: ApiClient, tenant: Tenant, method: str) -> None:
    path = f"/api/commands/v0/status/{waiting(tenant).pk}/" if method == "put" else REQUESTS

    for body in NOT_AN_OBJECT:
        response = api.request(method, path, body)

        assert response.status_code == 400, body
        assert response.json()["message"], body


@pytest.mark.parametrize("name", COMMAND_BODY)
def test_any_value_under_any_key_of_a_command_is_taken_or_refused(api: ApiClient, tenant: Tenant, name: str) -> None:
    device = device_of(tenant)

    for value in VALUES:
        before = changed()
        response = api.post(REQUESTS, {"command_type": "DEVICE", "devices": [device], "command": "LOCK", name: value})

        assert response.status_code in {201, 400}, repr(value)[:24]
        if response.status_code == 400:
            assert name in response.json()["message"], repr(value)[:24]
            assert changed() == before, repr(value)[:24]


def test_any_state_but_cancelled_is_400(api: ApiClient, tenant: Tenant) -> None:
    path = f"/api/commands/v0/status/{waiting(tenant).pk}/"

    for value in VALUES:
        response = api.put(path, {"state": value})

        assert response.status_code == 400, repr(value)[:24]
        assert "state" in response.json()["message"], repr(value)[:24]
        assert CommandStatus.objects.get().state == "Command Queued", repr(value)[:24]


def test_a_nul_character_anywhere_is_400(api: ApiClient, tenant: Tenant) -> None:
    body = {"command_type": "DEVICE", "devices": [device_of(tenant)], "command": "SET_KIOSK_APP"}

    for key in ("command_type", "devices", "command", "command_args", "device_type"):
        nul: Any = {"package_name": {"a\0": ["x\0y"]}} if key == "command_args" else "a\0b"
        response = api.post(REQUESTS, {**body, key: nul})

        assert response.status_code == 400, key
        assert "NUL" in response.json()["message"], key


def test_an_escaped_backslash_before_u0000_is_no_nul(api: ApiClient, tenant: Tenant) -> None:
    args = {"custom_settings_config": {"text": "\\u0000"}}
    body = {
        "command_type": "DEVICE",
        "devices": [device_of(tenant)],
        "command": "UPDATE_DEVICE_CONFIG",
        "command_args": args,
    }

    response = api.post(REQUESTS, body)

    assert response.status_code == 201
    assert response.json()["content"]["command_args"] == args


@pytest.mark.parametrize(("depth", "status"), [(20, 201), (100, 400), (400, 400), (900, 400)])
def test_arguments_are_stored_only_as_deep_as_they_can_be_shown(
    api: ApiClient, tenant: Tenant, depth: int, status: int
) -> None:
    arguments = '{"a":' * depth + "1" + "}" * depth
    device = device_of(tenant)
    body = f'{{"command_type": "DEVICE", "devices": ["{device}"], "command": "CONVERGE", "command_args": {arguments}}}'

    assert api.post(REQUESTS, body).status_code == status
    assert api.get(REQUESTS).status_code == 200


def test_a_key_that_is_given_twice_counts_once(api: ApiClient, tenant: Tenant) -> None:
    device = device_of(tenant)
    body = f'{{"command_type": "GROUP", "command_type": "DEVICE", "devices": ["{device}"], "command": "LOCK"}}'

    assert api.post(REQUESTS, body).json()["content"]["command_type"] == "DEVICE"


TEXTS = [
    "a%00b",
    "%ED%A0%80",
    "%FF%F0%9F%92%A9",
    "\";--'",
    "%25_\\",
    "x" * 3000,
    ",,",
    "--",
    "1e309",
    "nan",
    "-inf",
    "9" * 400,
    "[null]",
    "%0A",
    "99999999999999999999",
]


@pytest.mark.parametrize("seed", [seed for seed in READS if seed.query], ids=str)
def test_any_text_in_any_query_parameter_is_taken_or_refused(api: ApiClient, tenant: Tenant, seed: Operation) -> None:
    path = path_of(seed, belongings_of(tenant)).split("?")[0]
    for name, text in product(seed.query, TEXTS):
        response = api.get(f"{path}?{HEARTBEAT_BOUNDS}&{name}={text}")

        assert response.status_code in {200, 400}, (name, text)
        if response.status_code == 400:
            assert response.json()["message"].startswith(f"{name}: "), text
            assert len(response.json()["message"]) < 1000, (name, text)


UNKNOWN = ["%00=1", "a=%00", "=", "&&&", "a" * 20_000, "?" * 100, "%", "limit[]=1", "__proto__=1"]


@pytest.mark.parametrize("seed", READS, ids=str)
def test_parameters_that_no_operation_has_are_ignored(api: ApiClient, tenant: Tenant, seed: Operation) -> None:
    path = path_of(seed, belongings_of(tenant))

    for query in UNKNOWN:
        assert api.get(f"{path}{'&' if '?' in path else '?'}{query}").status_code == 200, query[:24]


def test_ten_thousand_parameters_are_taken_or_refused(api: ApiClient) -> None:
    response = api.get("/api/device/v0/devices/?" + "&".join(f"a{number}=1" for number in range(10_000)))

    assert response.status_code in {200, 400}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=10), children, max_size=4),
    max_leaves=10,
)
bodies = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(COMMAND_BODY, json_values),
        "command_type": st.sampled_from(["DEVICE", "GROUP", "DYNAMIC"]) | json_values,
        "command": st.sampled_from(COMMAND_BODY["command"]["enum"]) | json_values,
        "command_args": st.dictionaries(st.sampled_from(["profile", "managed_only", "message"]), json_values)
        | json_values,
    },
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=bodies)
def test_no_body_of_a_command_breaks_the_server(api: ApiClient, tenant: Tenant, body: dict[str, Any]) -> None:
    response = api.post(REQUESTS, json.dumps(body))

    assert response.status_code in {201, 400}


names = sorted({name for seed in OPERATIONS for name in seed.query})


@pytest.mark.usefixtures("store")  # for a number that may be an app's
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.sampled_from([seed for seed in READS if seed.query and not seed.ids]), data=st.data())
def test_no_query_breaks_the_server(api: ApiClient, seed: Operation, data: st.DataObject) -> None:
    texts = st.text(alphabet=string.printable, max_size=20) | st.text(max_size=20) | st.integers().map(str)
    query = data.draw(st.dictionaries(st.sampled_from(sorted(seed.query)), texts, max_size=4))
    encodable = {key: value.encode(errors="replace").decode() for key, value in query.items()}

    response = api.get(seed.path, query=encodable)

    assert response.status_code in {200, 400}
