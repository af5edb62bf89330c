"""SET_NEW_POLICY: the document is fetched once by a worker, judged, and becomes a profile."""

import plistlib
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from pytest_django import Settings

from commands.models import CommandRequest, CommandStatus
from devices.models import DeviceProfile
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories.carriage import carry, effects, send
from tests.factories.fleet import placed, row_of
from tests.factories.web import Site, running_site

DONE = ("Success", "")
POLICY: dict[str, Any] = {
    "restrictions": {"allowCamera": False, "ratingApps": 600, "blockedAppBundleIDs": ["com.example.game"]},
    "passcode": {"forcePIN": True, "minLength": 6},
}


@pytest.fixture
def site(settings: Settings) -> Iterator[Site]:
    """Trusted, as it is in no public network."""
    settings.POLICY_URL_HOSTS = frozenset({"127.0.0.1", "localhost"})
    with running_site() as site:
        yield site


def post(api: ApiClient, url: str, *devices: SimulatedAppleDevice) -> CommandRequest:
    body = {
        "command_type": "DEVICE",
        "devices": [str(row_of(device).pk) for device in devices],
        "command": "SET_NEW_POLICY",
        "command_args": {"policy_url": url},
    }
    answer = api.post("/api/commands/v0/commands/", body)
    assert answer.status_code == 201, answer.content
    return CommandRequest.objects.get(pk=answer.json()["content"]["id"])


def test_a_policy_of_json_is_in_force_on_the_device(api: ApiClient, device: SimulatedAppleDevice, site: Site) -> None:
    url = site.put("/policy", orjson.dumps(POLICY))

    assert carry(api, device, "SET_NEW_POLICY", policy_url=url) == DONE

    assert effects(device).restrictions["allowCamera"] is False
    assert effects(device).blocked_apps == {"com.example.game"}
    assert effects(device).passcode_policy == POLICY["passcode"]
    assert DeviceProfile.objects.get().identifier == "org.muster.commands.policy"


def test_the_next_policy_replaces_it(api: ApiClient, device: SimulatedAppleDevice, site: Site) -> None:
    carry(api, device, "SET_NEW_POLICY", policy_url=site.put("/one", orjson.dumps(POLICY)))

    carry(api, device, "SET_NEW_POLICY", policy_url=site.put("/two", b'{"restrictions": {"allowNews": false}}'))

    assert effects(device).restrictions == {"allowNews": False}
    assert effects(device).passcode_policy == {}


def test_a_policy_stands_beside_what_other_commands_restrict(
    api: ApiClient, device: SimulatedAppleDevice, site: Site
) -> None:
    carry(api, device, "SET_APP_STATE", package_name="com.example.notes", app_state="HIDE")

    carry(api, device, "SET_NEW_POLICY", policy_url=site.put("/policy", orjson.dumps(POLICY)))

    assert effects(device).blocked_apps == {"com.example.notes", "com.example.game"}


def test_a_configuration_profile_is_installed_as_it_is(
    api: ApiClient, device: SimulatedAppleDevice, site: Site
) -> None:
    profile = plistlib.dumps(
        {
            "PayloadType": "Configuration",
            "PayloadVersion": 1,
            "PayloadIdentifier": "com.example.policy",
            "PayloadUUID": "1B8F2A60-0000-4000-8000-000000000001",
            "PayloadContent": [],
        }
    )

    assert carry(api, device, "SET_NEW_POLICY", policy_url=site.put("/policy.mobileconfig", profile)) == DONE

    assert [each.data for each in device.state.profiles] == [profile]
    assert DeviceProfile.objects.get().identifier == "com.example.policy"


def test_the_document_is_fetched_once_for_all_devices_and_shown_to_nobody(
    api: ApiClient, device: SimulatedAppleDevice, tenant: Tenant, site: Site
) -> None:
    second = placed(tenant, 3, model="iPhone 15")
    url = site.put("/policy", orjson.dumps(POLICY))

    request = post(api, url, device, second)
    for each in (device, second):
        each.connect()

    assert site.asked == [("/policy", f"127.0.0.1:{site.port}")]
    assert CommandStatus.objects.filter(state="Command Success").count() == 2
    shown = api.get(f"/api/commands/v0/commands/{request.pk}/").json()["content"]
    assert shown["command_args"] == {"policy_url": url}


def test_the_connection_is_the_names_and_redirects_stay_on_the_host(
    api: ApiClient, device: SimulatedAppleDevice, site: Site
) -> None:
    site.put("/policy", orjson.dumps(POLICY))
    site.put("/old", status=302, headers={"Location": "/policy"})

    assert carry(api, device, "SET_NEW_POLICY", policy_url=site.url("/old", "localhost")) == DONE

    assert site.asked == [("/old", f"localhost:{site.port}"), ("/policy", f"localhost:{site.port}")]


REFUSED: list[tuple[str, bytes, str]] = [
    ("unknown", b'{"restrictions": {"allowTeleport": false}}', "restrictions.allowTeleport is no restriction"),
    ("kind", b'{"restrictions": {"allowCamera": "no"}}', "restrictions.allowCamera must be true or false"),
    ("number", b'{"passcode": {"minLength": 99}}', "passcode.minLength must be a whole number from 0 to 16"),
    ("yes", b'{"passcode": {"minLength": true}}', "passcode.minLength must be a whole number"),
    ("list", b'{"restrictions": {"blockedAppBundleIDs": []}}', "blockedAppBundleIDs must be a list of texts"),
    ("cookies", b'{"restrictions": {"safariAcceptCookies": 3}}', "safariAcceptCookies must be 0, 1, 1.5 or 2"),
    ("section", b'{"wifi": {}}', "wifi is not restrictions or passcode"),
    ("shape", b'{"restrictions": []}', "restrictions must be an object"),
    ("nothing", b"{}", "it sets nothing"),
    ("json", b'{"restrictions": ', "it is not valid JSON"),
    ("html", b"<html></html>", "it is no JSON object, and as a profile it is not a configuration profile"),
    ("many", b'{"restrictions": {%s}}' % b", ".join(b'"a%d": 1' % n for n in range(9)), "; and 4 more."),
]


@pytest.mark.parametrize(("document", "reason"), [each[1:] for each in REFUSED], ids=[each[0] for each in REFUSED])
def test_a_document_that_is_no_policy_fails_with_what_is_wrong(
    api: ApiClient, device: SimulatedAppleDevice, site: Site, document: bytes, reason: str
) -> None:
    state, told = carry(api, device, "SET_NEW_POLICY", policy_url=site.put("/policy", document))

    assert (state, told.startswith("The policy cannot be applied: ")) == ("Failure", True)
    assert reason in told
    assert device.state.profiles == []


def test_what_the_host_refuses_is_final(api: ApiClient, device: SimulatedAppleDevice, site: Site) -> None:
    state, reason = carry(api, device, "SET_NEW_POLICY", policy_url=site.url("/absent"))

    assert (state, reason) == ("Failure", "The policy cannot be fetched: 127.0.0.1 answered 404.")


def test_what_may_come_right_is_tried_again(api: ApiClient, device: SimulatedAppleDevice, site: Site) -> None:
    request = post(api, site.put("/policy", status=503), device)

    assert not CommandStatus.objects.exists()
    assert request.reason == "The policy cannot be fetched: 127.0.0.1 answered 503. It is tried again."


UNREACHABLE = [
    ("plain", "http://example.invalid/policy", frozenset(), "the address must begin with https://."),
    ("loopback", "https://127.0.0.1/policy", frozenset(), "127.0.0.1 is in a private network"),
    ("v6", "https://[::1]/policy", frozenset(), "::1 is in a private network"),
    ("mapped", "https://[::ffff:10.0.0.1]/policy", frozenset(), "is in a private network"),
    ("metadata", "https://169.254.169.254/latest", frozenset(), "169.254.169.254 is in a private network"),
    ("another", "ftp://127.0.0.1/policy", frozenset({"127.0.0.1"}), "the address must begin with https://."),
]


@pytest.mark.parametrize(
    ("url", "trusted", "reason"), [each[1:] for each in UNREACHABLE], ids=[each[0] for each in UNREACHABLE]
)
def test_addresses_that_are_not_for_callers_are_not_asked(
    api: ApiClient,
    device: SimulatedAppleDevice,
    settings: Settings,
    url: str,
    trusted: frozenset[str],
    reason: str,
) -> None:
    settings.POLICY_URL_HOSTS = trusted

    row = send(api, device, "SET_NEW_POLICY", policy_url=url)

    assert row.state == "Command Failure"
    assert reason in row.reason


def test_an_apple_tv_takes_no_passcode_rules(api: ApiClient, tenant: Tenant, site: Site) -> None:
    device = placed(tenant, 3, model="Apple TV 4K")
    url = site.put("/policy", orjson.dumps(POLICY))

    state, reason = carry(api, device, "SET_NEW_POLICY", policy_url=url)

    assert (state, reason) == ("Failure", "The policy holds passcode rules, which Apple TVs do not take.")


def test_devices_of_another_tenant_get_no_policy(
    api: ApiClient, device: SimulatedAppleDevice, other_device: SimulatedAppleDevice, site: Site
) -> None:
    carry(api, device, "SET_NEW_POLICY", policy_url=site.put("/policy", orjson.dumps(POLICY)))

    assert other_device.connect().executed == ()
    assert DeviceProfile.objects.get().device == row_of(device)
