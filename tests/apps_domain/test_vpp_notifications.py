"""What Apple sends by itself, over HTTP."""

import json
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from apps_domain.models import VppAssignment, VppEvent, VppLicence, VppLocation, VppNotification
from apps_domain.services import licence_notifications
from tenants.models import Tenant
from tests.conftest import Commit
from tests.factories.licences import AssignmentFactory, EventFactory, LicenceFactory, LocationFactory
from tests.factories.threads import all_at_once

State = VppAssignment.State
APP = "408709785"


@pytest.fixture
def location(tenant: Tenant) -> VppLocation:
    """Without a worker that would do what it has been told."""
    return LocationFactory(tenant, uid="2049", notification_secret="a secret")


@pytest.fixture
def licence(location: VppLocation, other_tenant: Tenant) -> VppLicence:
    """The other tenant has the same app on a device with the same serial number."""
    AssignmentFactory(LicenceFactory(LocationFactory(other_tenant)), "A", State.SENT)
    return LicenceFactory(location, APP, total=5)


def post(location: VppLocation, body: Any, token: str = "Bearer a secret") -> int:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    path = f"/mdm/vpp/notifications/{location.pk}"
    headers = {"Authorization": token} if token else {}
    return Client().post(path, data, "application/json", headers=headers).status_code


def told(kind: str = "ASSET_MANAGEMENT", id: str = "n1", **content: Any) -> dict[str, Any]:
    return {"notificationId": id, "notificationType": kind, "uId": "2049", "notification": content}


def about(*serials: str, event: str = "", failure: int | None = None, kind: str = "ASSOCIATE", id: str = "n1") -> Any:
    found = [{"adamId": APP, "pricingParam": "STDQ", "serialNumber": serial} for serial in serials]
    error = {"error": {"errorNumber": failure, "errorMessage": "Because."}} if failure else {}
    result = "FAILURE" if failure else "SUCCESS"
    content: dict[str, Any] = {"assignments": found, "eventId": event, "result": result, "type": kind, **error}
    return told(id=id, **content)


def states(tenant: Tenant) -> list[tuple[str, str]]:
    return sorted(VppAssignment.objects.filter(tenant=tenant).values_list("serial", "state"))


def test_a_licence_that_was_asked_for_has_arrived(
    tenant: Tenant, other_tenant: Tenant, location: VppLocation, licence: VppLicence
) -> None:
    event = EventFactory(location)
    for serial in "AB":
        AssignmentFactory(licence, serial, State.SENT, event=event)

    assert post(location, about("A", event=event.event_id)) == 204

    assert states(tenant) == [("A", State.ASSIGNED), ("B", State.SENT)]
    assert states(other_tenant) == [("A", State.SENT)]
    licence.refresh_from_db()
    assert (licence.assigned_count, licence.available_count) == (1, 4)
    event.refresh_from_db()
    assert event.state == VppEvent.State.PENDING
    post(location, about("B", event=event.event_id, id="n2"))
    event.refresh_from_db()
    assert (event.state, event.check_at) == (VppEvent.State.COMPLETE, None)


@pytest.mark.parametrize(("number", "reason"), [(9709, "No licence available: all"), (9999, "Because. (9999)")])
def test_a_licence_that_was_refused_has_failed(
    number: int, reason: str, tenant: Tenant, location: VppLocation, licence: VppLicence
) -> None:
    event = EventFactory(location)
    row = AssignmentFactory(licence, "A", State.SENT, event=event, attempts=2)

    post(location, about("A", event=event.event_id, failure=number))

    row.refresh_from_db()
    assert row.state == State.FAILED
    assert reason in row.reason


def test_a_licence_was_given_back(tenant: Tenant, location: VppLocation, licence: VppLicence) -> None:
    event = EventFactory(location, "disassociate")
    AssignmentFactory(licence, "A", State.RELEASING, event=event)
    AssignmentFactory(licence, "B", State.WANTED, event=event)

    post(location, about("A", "B", event=event.event_id, kind="DISASSOCIATE"))

    assert states(tenant) == [("B", State.WANTED)]
    assert VppAssignment.objects.get(serial="B", tenant=tenant).event is None  # it may be asked for now


def test_a_repeated_notification_counts_once(tenant: Tenant, location: VppLocation, licence: VppLicence) -> None:
    event = EventFactory(location)
    AssignmentFactory(licence, "A", State.SENT, event=event)
    told = about("A", event=event.event_id)
    post(location, told)
    VppAssignment.objects.filter(tenant=tenant).update(state=State.UNWANTED)

    assert [post(location, told) for _ in range(3)] == [204] * 3

    assert states(tenant) == [("A", State.UNWANTED)]
    assert VppNotification.objects.count() == 1


def test_a_late_notification_says_nothing_about_today(
    tenant: Tenant, location: VppLocation, licence: VppLicence
) -> None:
    """Given back and asked for again since."""
    old = EventFactory(location, "disassociate", state=VppEvent.State.COMPLETE)
    AssignmentFactory(licence, "A", State.ASSIGNED)

    post(location, about("A", event=old.event_id, kind="DISASSOCIATE"))

    assert states(tenant) == [("A", State.ASSIGNED)]


def test_one_that_was_not_finished_counts_again(
    tenant: Tenant, location: VppLocation, licence: VppLicence, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = EventFactory(location)
    AssignmentFactory(licence, "A", State.SENT, event=event)

    def fail(*_: Any) -> None:
        raise RuntimeError("the database went away")

    with monkeypatch.context() as patch:
        patch.setattr(licence_notifications, "end_if_settled", fail)
        assert post(location, about("A", event=event.event_id)) == 503
    assert not VppNotification.objects.exists()
    assert states(tenant) == [("A", State.SENT)]

    assert post(location, about("A", event=event.event_id)) == 204
    assert states(tenant) == [("A", State.ASSIGNED)]


def test_what_others_assign_is_known(tenant: Tenant, location: VppLocation, licence: VppLicence) -> None:
    AssignmentFactory(licence, "A", State.UNWANTED)

    post(location, about("A", "B", event="not ours"))

    assert states(tenant) == [("A", State.UNWANTED), ("B", State.ASSIGNED)]


@pytest.mark.parametrize("kind", ["DISASSOCIATE", "REVOKE"])
def test_what_others_take_away_is_gone_and_read_again(
    kind: str, tenant: Tenant, location: VppLocation, licence: VppLicence
) -> None:
    for state in State:
        AssignmentFactory(licence, state, state)

    post(location, about(*State, event="not ours", kind=kind))

    assert {state for _, state in states(tenant)} == set(State) - {State.ASSIGNED, State.UNWANTED}
    location.refresh_from_db()
    assert location.sync_due_at is not None
    assert location.sync_due_at <= timezone.now()


def test_a_purchase_makes_a_sync_due(location: VppLocation) -> None:
    assert post(location, told("ASSET_COUNT", adamId=APP, countDelta=12, pricingParam="STDQ")) == 204

    location.refresh_from_db()
    assert location.sync_due_at is not None
    assert location.sync_due_at <= timezone.now()


@pytest.mark.parametrize("kind", ["TEST_NOTIFICATION", "USER_MANAGEMENT", "USER_ASSOCIATED", "SOMETHING_NEW"])
def test_other_kinds_are_taken(kind: str, location: VppLocation) -> None:
    assert post(location, told(kind)) == 204
    assert VppNotification.objects.get().kind == kind


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer wrong", "Basic a secret", "Bearer a secret2", "Bearer \xff"])
def test_without_the_secret_nothing_is_taken(token: str, location: VppLocation) -> None:
    assert post(location, told(), token) == 403
    assert not VppNotification.objects.exists()


def test_the_secret_of_another_location_does_not_open_ours(location: VppLocation, other_tenant: Tenant) -> None:
    theirs = LocationFactory(other_tenant, notification_secret="their secret")

    assert post(location, told(), "Bearer their secret") == 403
    assert post(theirs, told(), "Bearer a secret") == 403


def test_an_unknown_location_looks_the_same(db: None) -> None:
    assert post(VppLocation(), told()) == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b"{", 400),
        (b"\xff", 400),
        (b"{}", 204),
        (b'{"uId": "another"}', 400),
        (b'{"notificationId": 5, "notificationType": [], "notification": "x"}', 204),
        (b'{"notificationId": "a\\u0000b"}', 204),
        (b" " * (1024 * 1024 + 1), 413),
        (b"[" * 100_000, 400),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_odd_bodies_are_refused_or_ignored(body: bytes, status: int, location: VppLocation) -> None:
    assert post(location, body) == status


ODD: list[dict[str, Any]] = [
    {"assignments": None},
    {"assignments": [None, 5, {}, {"adamId": "x"}, {"adamId": APP}, {"adamId": APP, "serialNumber": "a\0"}]},
    {"assignments": [{"adamId": APP, "serialNumber": "S" * 65}], "result": "SUCCESS", "type": "ASSOCIATE"},
    {"assignments": [{"adamId": "9" * 21, "serialNumber": "S"}], "result": "SUCCESS", "type": "ASSOCIATE"},
    {"assignments": [{"adamId": APP, "serialNumber": "S"}], "result": [], "error": 5, "eventId": {}},
    {"assignments": [{"adamId": APP, "serialNumber": "S"}], "result": "SUCCESS", "type": "SOMETHING"},
]


@pytest.mark.parametrize("content", ODD, ids=str)
def test_odd_contents_do_nothing(content: dict[str, Any], location: VppLocation, licence: VppLicence) -> None:
    before = list(VppAssignment.objects.values_list("serial", "state"))

    assert post(location, told(**content)) == 204

    after = list(VppAssignment.objects.values_list("serial", "state"))
    assert [each for each in after if each not in before] in ([], [("S", State.ASSIGNED)])


def test_only_post(location: VppLocation) -> None:
    assert Client().get(f"/mdm/vpp/notifications/{location.pk}").status_code == 405
    assert Client().get("/mdm/vpp/notifications/x").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_many_at_once_count_once_each(
    tenant: Tenant, location: VppLocation, django_capture_on_commit_callbacks: Commit
) -> None:
    licence = LicenceFactory(location, APP, total=50)
    event = EventFactory(location)
    serials = [f"S{number}" for number in range(12)]
    for serial in serials:
        AssignmentFactory(licence, serial, State.SENT, event=event)

    def deliver(part: int) -> None:
        for serial in serials[part::4] * 2:
            assert post(location, about(serial, event=event.event_id, id=serial)) == 204
        connections.close_all()

    all_at_once(*(lambda part=part: deliver(part) for part in range(4)))

    licence.refresh_from_db()
    assert licence.assigned_count == 12
    assert VppNotification.objects.count() == 12
    event.refresh_from_db()
    assert event.state == VppEvent.State.COMPLETE
