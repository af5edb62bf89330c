"""What enrolment learns and hands out stays out of logs and answers."""

import pytest

from onboarding.models import EnrolmentProfile
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tests.conftest import ApiClient
from tests.factories.fleet import enrol, row_of


def secrets_of(device: SimulatedAppleDevice) -> list[str]:
    management = device.state.management
    assert management is not None
    scep = management.scep.challenge
    return [scep, management.push_token.hex(), management.push_magic, management.unlock_token.hex(), "BOOTSTRAP"]


def test_an_enrolment_leaves_no_secret_in_the_log(
    link: EnrolmentProfile, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG", logger="onboarding")

    device = enrol(link)
    device.set_bootstrap_token(b"BOOTSTRAP")
    device.rotate_push_token()
    device.renew_identity()
    device.connect()
    text = caplog.text + "".join(capfd.readouterr())

    assert [secret for secret in secrets_of(device) if secret in text] == []


def test_no_answer_of_the_api_shows_a_token(api: ApiClient, device: SimulatedAppleDevice) -> None:
    device.set_bootstrap_token(b"BOOTSTRAP")
    row = row_of(device)

    answers = [
        api.get(f"/api/device/v0/devices/{row.pk}/"),
        api.get("/api/device/v0/devices/"),
        api.get("/api/commands/v0/commands/"),
        api.get("/api/commands/v0/status/"),
    ]

    text = b"".join(answer.content for answer in answers).decode()
    assert device.serial in text
    assert [secret for secret in secrets_of(device) if secret in text] == []


def test_another_tenants_caller_sees_nothing_at_all(other_api: ApiClient, device: SimulatedAppleDevice) -> None:
    answers = [other_api.get("/api/device/v0/devices/"), other_api.get(f"/api/device/v0/devices/{row_of(device).pk}/")]

    assert [answer.status_code for answer in answers] == [200, 404]
    assert device.serial not in answers[0].content.decode()
