"""The connect message in its forms: ids, channels, URLs."""

import pytest

from commands.models import AppleEnrolment
from commands.models.status import State
from devices.models import Heartbeat
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tests.factories.apple import CHECK_IN, CONNECT, handed, identity_of, put, report
from tests.factories.commands import queued
from tests.factories.fleet import row_of


@pytest.mark.parametrize("path", [CONNECT, CHECK_IN])
@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_is_served_at_either_url(device: SimulatedAppleDevice, path: str, method: str) -> None:
    row = queued(row_of(device))

    response = put(identity_of(device), {"UDID": device.udid, "Status": "Idle"}, path=path, method=method)

    assert handed(response) == str(row.pk)


def test_needs_no_content_type(device: SimulatedAppleDevice) -> None:
    response = put(identity_of(device), {"UDID": device.udid, "Status": "Idle"}, content_type="")

    assert response.status_code == 200


def test_an_enrolment_id_serves_as_well_as_a_udid(device: SimulatedAppleDevice) -> None:
    AppleEnrolment.objects.filter(device=row_of(device)).update(enrolment_id="E-1")
    row = queued(row_of(device))

    assert handed(put(identity_of(device), {"EnrollmentID": "E-1", "Status": "Idle"})) == str(row.pk)


def test_an_id_in_another_case_is_the_same_id(device: SimulatedAppleDevice) -> None:
    assert put(identity_of(device), {"UDID": device.udid.lower(), "Status": "Idle"}).status_code == 200


def test_another_enrolments_id_is_refused_and_hands_nothing_over(device: SimulatedAppleDevice) -> None:
    row = queued(row_of(device))

    response = put(identity_of(device), {"UDID": "another", "Status": "Idle"})

    row.refresh_from_db()
    assert (response.status_code, row.state) == (403, State.QUEUED)


def test_a_report_under_another_enrolments_id_is_refused(device: SimulatedAppleDevice) -> None:
    row = queued(row_of(device), state=State.INITIATED)

    response = put(identity_of(device), {"UDID": "another", "Status": "Acknowledged", "CommandUUID": str(row.pk)})

    row.refresh_from_db()
    assert (response.status_code, row.state) == (403, State.INITIATED)


@pytest.mark.parametrize(
    "user", [{"UserID": "U-1", "UserShortName": "ann"}, {"EnrollmentUserID": "U-1"}, {"UserID": "FFFFFFFF-FFFF-FFFF"}]
)
def test_a_users_channel_gets_no_commands(device: SimulatedAppleDevice, user: dict[str, str]) -> None:
    row = queued(row_of(device))

    assert handed(report(device, **user)) is None
    row.refresh_from_db()
    assert row.state == State.QUEUED


def test_a_users_channel_of_no_enrolment_is_refused(
    device: SimulatedAppleDevice, other_device: SimulatedAppleDevice
) -> None:
    response = put(identity_of(other_device), {"UDID": device.udid, "UserID": "U-1", "Status": "Idle"})

    assert response.status_code == 403


def test_a_users_channel_of_an_ended_enrolment_is_refused(device: SimulatedAppleDevice) -> None:
    AppleEnrolment.objects.filter(device=row_of(device)).update(enabled_at=None)

    assert report(device, UserID="U-1").status_code == 403


def test_between_authenticate_and_token_update_there_are_no_commands(device: SimulatedAppleDevice) -> None:
    AppleEnrolment.objects.filter(device=row_of(device)).update(enabled_at=None)
    row = queued(row_of(device))
    before = Heartbeat.objects.get(device=row_of(device)).last_seen

    response = report(device)

    row.refresh_from_db()
    assert (response.status_code, row.state) == (403, State.QUEUED)
    assert Heartbeat.objects.get(device=row_of(device)).last_seen == before


def test_the_answer_is_a_property_list(device: SimulatedAppleDevice) -> None:
    queued(row_of(device))

    response = report(device)

    assert response["Content-Type"].startswith("application/xml")
    assert response.content.startswith(b"<?xml")
