"""Licences asked of the stand-in and given back to it, over a socket."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from apps_domain.models import VppAssignment, VppEvent, VppLicence, VppLocation, VppServiceConfig
from apps_domain.services import licence_sending
from apps_domain.services.licence_events import check_event, drop_old_events, due_events
from apps_domain.services.licence_sending import locations_to_send, send_licences
from apps_domain.services.licence_sync import sync_location
from apps_domain.services.licences import release_licences, request_licences
from onboarding.simulation.vpp import Asset, Library, VppStandIn, answers
from onboarding.simulation.vpp.answers import Limits
from onboarding.simulation.vpp.library import Refused
from tenants.models import Tenant
from tests.factories.licences import AssignmentFactory, LicenceFactory, LocationFactory
from tests.factories.threads import all_at_once

State = VppAssignment.State
APP, OTHER_APP = "408709785", "361309726"


@pytest.fixture
def licence(other_tenant: Tenant, location: VppLocation, library: Library) -> VppLicence:
    """Five. The other tenant waits for one of the same app, which is nobody's business here."""
    AssignmentFactory(
        LicenceFactory(LocationFactory(other_tenant)),
        "THEIRS",
        State.WANTED,
        not_before=timezone.now() + dt.timedelta(days=1),
    )
    library.own(Asset(APP, 5))
    return LicenceFactory(location, APP, total=5)


def ask(tenant: Tenant, *serials: str, adam_id: str = APP) -> None:
    request_licences(tenant_id=tenant.pk, adam_id=adam_id, serials=serials)


def release(tenant: Tenant, serial: str) -> None:
    release_licences(tenant_id=tenant.pk, serial=serial)


def send(location: VppLocation) -> int:
    VppAssignment.objects.filter(attempts__gt=0, event=None).update(not_before=timezone.now())
    return send_licences(location.pk)


def check() -> list[bool]:
    """All that Apple has not said the last word about."""
    VppEvent.objects.filter(state="pending").update(check_at=timezone.now())
    return [check_event(each) for each in due_events()]


def states(tenant: Tenant) -> list[tuple[str, str]]:
    return sorted(VppAssignment.objects.filter(tenant=tenant).values_list("serial", "state"))


def reason(serial: str) -> str:
    return VppAssignment.objects.get(serial=serial).reason


def bodies(vpp: VppStandIn, kind: str = "associate") -> list[dict[str, Any]]:
    return [body for name, body in vpp.requests if name == kind]


def test_a_licence_is_asked_for_and_arrives(
    tenant: Tenant, location: VppLocation, licence: VppLicence, library: Library, vpp: VppStandIn
) -> None:
    ask(tenant, "A", "B")
    assert locations_to_send() == [location.pk]

    assert send(location) == 1
    assert states(tenant) == [("A", State.SENT), ("B", State.SENT)]
    assert check() == [False]  # Apple works on it
    vpp.settle()
    assert check() == [True]

    assert states(tenant) == [("A", State.ASSIGNED), ("B", State.ASSIGNED)]
    assert library.serials_of(APP) == {"A", "B"}
    (body,) = bodies(vpp)
    assert body["assets"] == [{"adamId": APP, "pricingParam": "STDQ"}]
    assert sorted(body["serialNumbers"]) == ["A", "B"]
    licence.refresh_from_db()
    assert (licence.assigned_count, licence.available_count) == (2, 3)
    assert VppEvent.objects.get().state == "complete"
    assert locations_to_send() == due_events() == []


def test_a_licence_is_given_back(
    tenant: Tenant, location: VppLocation, licence: VppLicence, library: Library, vpp: VppStandIn
) -> None:
    library.assign(APP, "A")
    AssignmentFactory(licence, "A")
    release(tenant, "A")

    send(location)
    assert states(tenant) == [("A", State.RELEASING)]
    vpp.settle()
    check()

    assert states(tenant) == []
    assert library.serials_of(APP) == set()


def test_batches_are_no_larger_than_apple_says(
    tenant: Tenant, location: VppLocation, library: Library, vpp: VppStandIn
) -> None:
    vpp.limits = Limits(max_serials=4)
    library.own(Asset(APP, 100))
    LicenceFactory(location, APP, total=100)
    ask(tenant, *(f"S{number:02}" for number in range(10)))

    assert send(location) == 3

    assert sorted(len(body["serialNumbers"]) for body in bodies(vpp)) == [2, 4, 4]
    vpp.settle()
    assert check() == [True] * 3
    assert len(library.serials_of(APP)) == 10


def test_limits_that_shrank_are_asked_for_again(
    tenant: Tenant, location: VppLocation, licence: VppLicence, library: Library, vpp: VppStandIn
) -> None:
    VppServiceConfig.objects.create(document={"limits": {"maxSerialNumbers": 50}})
    vpp.limits = Limits(max_serials=2)
    ask(tenant, *"ABCDE")

    send(location)

    assert [len(body["serialNumbers"]) for body in bodies(vpp)] == [5, 2, 3, 1, 2]
    assert {state for _, state in states(tenant)} == {State.SENT}
    send(location)
    ask(tenant, "F")
    assert vpp.counters["service"] == 0
    VppLicence.objects.update(total_count=9)
    ask(tenant, "F")
    send(location)
    assert vpp.counters["service"] == 1


def test_more_than_there_are_is_not_asked_for(
    tenant: Tenant, location: VppLocation, licence: VppLicence, vpp: VppStandIn
) -> None:
    ask(tenant, *"ABCDE")
    VppLicence.objects.filter(pk=licence.pk).update(total_count=2)  # meanwhile

    send(location)

    assert [len(body["serialNumbers"]) for body in bodies(vpp)] == [2]
    assert sorted(state for _, state in states(tenant)) == [State.FAILED] * 3 + [State.SENT] * 2


def test_an_app_that_is_gone_is_not_asked_for(
    tenant: Tenant, location: VppLocation, licence: VppLicence, vpp: VppStandIn
) -> None:
    ask(tenant, "A")
    licence.delete()

    assert send(location) == 0

    assert bodies(vpp) == []
    assert reason("A").startswith("No licence available")


def test_what_is_short_in_one_location_comes_from_another(
    tenant: Tenant, location: VppLocation, licence: VppLicence, vpp: VppStandIn
) -> None:
    ask(tenant, "A")
    other = LocationFactory(tenant)
    LicenceFactory(other, APP, total=1)
    VppLicence.objects.filter(pk=licence.pk).update(total_count=0)

    send(location)

    row = VppAssignment.objects.get(serial="A")
    assert (row.location, row.state) == (other, State.WANTED)


def test_a_location_never_read_is_waited_for(
    tenant: Tenant, location: VppLocation, library: Library, vpp: VppStandIn
) -> None:
    VppLocation.objects.update(synced_at=None, sync_due_at=timezone.now())
    library.own(Asset(APP, 1))
    ask(tenant, "A", "B")

    assert (locations_to_send(), send(location)) == ([], 0)
    sync_location(location.pk)
    send(location)

    assert sorted(state for _, state in states(tenant)) == [State.FAILED, State.SENT]


# Apple says no ------------------------------------------------------------------------------------------------------


def test_stock_that_ran_out_fails_with_a_reason(
    tenant: Tenant, location: VppLocation, licence: VppLicence, library: Library, vpp: VppStandIn
) -> None:
    library.own(Asset(APP, 1))
    library.assign(APP, "ELSEWHERE")
    ask(tenant, "A")

    send(location)
    vpp.settle()
    check()
    assert states(tenant) == [("A", State.WANTED)]  # once more, after the counts were read
    assert VppLocation.objects.get(pk=location.pk).sync_due_at <= timezone.now()  # type: ignore[operator]
    sync_location(location.pk)
    send(location)

    assert reason("A") == (
        "No licence available: 1 of 1 are in use. Buy more in Apple Business Manager, or remove the app from a device."
    )


def test_stock_that_is_short_goes_to_as_many_as_there_is(
    tenant: Tenant, location: VppLocation, licence: VppLicence, library: Library, vpp: VppStandIn
) -> None:
    library.own(Asset(APP, 3))
    ask(tenant, *"ABCDE")

    for _ in range(2):
        send(location)
        vpp.settle()
        check()

    assert sorted(state for _, state in states(tenant)) == [State.ASSIGNED] * 3 + [State.FAILED] * 2
    failed = VppAssignment.objects.filter(state=State.FAILED).first()
    assert failed is not None
    assert failed.reason.startswith("No licence available: all of them are in use.")


@pytest.mark.parametrize("number", [9610, 9709])
def test_stock_refused_at_once_fails_at_once(
    number: int, tenant: Tenant, location: VppLocation, licence: VppLicence, vpp: VppStandIn
) -> None:
    vpp.misbehave(endpoint="associate", number=number)
    ask(tenant, "A", "B")

    send(location)

    assert states(tenant) == [("A", State.FAILED), ("B", State.FAILED)]
    assert "No licence available" in reason("A")


@pytest.mark.parametrize("number", [9616, 9626])
def test_already_assigned_is_assigned(
    number: int, tenant: Tenant, location: VppLocation, licence: VppLicence, library: Library, vpp: VppStandIn
) -> None:
    library.assign(APP, "A")
    vpp.misbehave(endpoint="associate", number=number)
    ask(tenant, "A", "B")

    send(location)

    assert states(tenant) == [("A", State.ASSIGNED), ("B", State.FAILED)]


def test_what_nobody_has_any_more_is_given_back(
    tenant: Tenant, location: VppLocation, licence: VppLicence, vpp: VppStandIn
) -> None:
    AssignmentFactory(licence, "A")
    release(tenant, "A")
    vpp.misbehave(endpoint="disassociate", number=9619, status=400)

    send(location)

    assert states(tenant) == []


@pytest.mark.parametrize("number", [9707, 9628, 9624])
def test_what_apple_does_not_allow_fails(
    number: int, tenant: Tenant, location: VppLocation, licence: VppLicence, vpp: VppStandIn
) -> None:
    vpp.misbehave(endpoint="associate", number=number, message="Not for devices.")
    ask(tenant, "A")

    send(location)

    assert reason("A") == "No licence available: Apple does not allow it (Not for devices.)"


def test_what_cannot_be_taken_back_stays(
    tenant: Tenant, location: VppLocation, library: Library, vpp: VppStandIn
) -> None:
    library.own(Asset(APP, 5, revocable=False))
    library.assign(APP, "A")
    AssignmentFactory(LicenceFactory(location, APP, is_revocable=False), "A")
    release(tenant, "A")

    send(location)

    assert states(tenant) == [("A", State.ASSIGNED)]
    assert "could not be given back" in reason("A")
    assert locations_to_send() == []


def test_one_device_that_apple_does_not_like_spoils_no_other(
    tenant: Tenant, location: VppLocation, licence: VppLicence, vpp: VppStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:

    check_request = answers._check

    def picky(library: Library, wanted: Any, serials: list[str], limits: Limits, kind: str) -> None:
        check_request(library, wanted, serials, limits, kind)
        if "C" in serials:
            raise Refused(9602, 400, "Invalid argument.")

    monkeypatch.setattr(answers, "_check", picky)
    ask(tenant, *"ABCDE")

    send(location)

    assert dict(states(tenant)) == {**dict.fromkeys("ABDE", State.SENT), "C": State.FAILED}
    assert reason("C") == "Apple did not assign a licence: Invalid argument. (9602)"


TROUBLE: list[dict[str, Any]] = [{"drop": True}, {"status": 500}, {"number": 9603}, {"number": 9646, "status": 429}]


@pytest.mark.parametrize("fault", TROUBLE, ids=str)
def test_trouble_is_waited_out(
    fault: dict[str, Any], tenant: Tenant, location: VppLocation, licence: VppLicence, vpp: VppStandIn
) -> None:
    vpp.misbehave(endpoint="associate", **fault)
    ask(tenant, "A")

    send_licences(location.pk)

    row = VppAssignment.objects.get(serial="A")
    assert (row.state, row.attempts) == (State.WANTED, 1)
    assert row.not_before > timezone.now() + dt.timedelta(seconds=20)
    assert locations_to_send() == []
    vpp.behave()
    send(location)
    assert states(tenant) == [("A", State.SENT)]


@pytest.mark.parametrize("told", ["600", "date"])
def test_apple_says_when_to_come_back(
    told: str, tenant: Tenant, location: VppLocation, licence: VppLicence, vpp: VppStandIn
) -> None:
    later = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=600)
    header = f"{later:%a, %d %b %Y %H:%M:%S} GMT" if told == "date" else told
    vpp.misbehave(endpoint="associate", status=503, number=9729, retry_after=header)
    ask(tenant, "A")

    send_licences(location.pk)

    wait = VppAssignment.objects.get(serial="A").not_before - timezone.now()
    assert abs(wait - dt.timedelta(seconds=600)) < dt.timedelta(seconds=20)


def test_flood_stops_the_whole_location(
    tenant: Tenant, location: VppLocation, licence: VppLicence, library: Library, vpp: VppStandIn
) -> None:
    LicenceFactory(location, OTHER_APP)
    library.own(Asset(OTHER_APP))
    vpp.misbehave(endpoint="associate", number=9646, status=429)
    ask(tenant, "A")
    ask(tenant, "A", adam_id=OTHER_APP)

    send_licences(location.pk)

    assert len(vpp.requests) == 0
    assert vpp.counters["associate"] == 1
    assert locations_to_send() == []
    assert send_licences(location.pk) == 0
    assert vpp.counters["associate"] == 1


def test_nothing_is_asked_before_apple_said(
    tenant: Tenant, location: VppLocation, licence: VppLicence, vpp: VppStandIn
) -> None:
    ask(tenant, "A")
    send(location)
    ask(tenant, "B")
    send(location)
    vpp.misbehave(endpoint="status", status=503, retry_after="3000")
    VppEvent.objects.update(check_at=timezone.now())

    first = due_events()[0]
    assert check_event(first) is False

    assert due_events() == []
    waits = [event.check_at - timezone.now() for event in VppEvent.objects.all() if event.check_at]
    assert all(abs(wait - dt.timedelta(seconds=3000)) < dt.timedelta(seconds=20) for wait in waits)


def test_after_a_day_of_trouble_it_fails(
    tenant: Tenant, location: VppLocation, licence: VppLicence, vpp: VppStandIn
) -> None:
    ask(tenant, "A")
    VppAssignment.objects.filter(serial="A").update(attempts=licence_sending.MOST_ATTEMPTS - 1)
    vpp.misbehave(endpoint="associate", status=500)

    send(location)

    assert reason("A") == "No licence available: Apple's service did not answer for a day."


@pytest.mark.parametrize("endpoint", ["associate", "status"])
def test_a_token_that_was_revoked_stops_everything(
    endpoint: str, tenant: Tenant, location: VppLocation, licence: VppLicence, vpp: VppStandIn
) -> None:
    ask(tenant, "A")
    if endpoint == "status":
        send(location)
    vpp.misbehave(endpoint=endpoint, number=9625, status=401, message="The server has revoked the token.")

    send(location)
    check()

    found = VppLocation.objects.get(pk=location.pk)
    assert found.needs_token
    assert found.problem.startswith("The server has revoked the token.")
    assert locations_to_send() == due_events() == []
    assert states(tenant) == [("A", State.SENT if endpoint == "status" else State.FAILED)]


def test_another_server_in_any_answer_stops_everything(
    tenant: Tenant, location: VppLocation, licence: VppLicence, library: Library, vpp: VppStandIn
) -> None:
    library.mdm_info = {"id": "other", "name": "Another MDM", "metadata": "-"}
    ask(tenant, "A")

    send(location)

    assert "Another MDM" in VppLocation.objects.get(pk=location.pk).problem
    assert [state for _, state in states(tenant)] == [State.FAILED]


# Changing one's mind ------------------------------------------------------------------------------------------------


def test_given_back_before_it_arrived(
    tenant: Tenant, location: VppLocation, licence: VppLicence, library: Library, vpp: VppStandIn
) -> None:
    ask(tenant, "A")
    send(location)
    release(tenant, "A")
    assert send(location) == 0  # the first request is not over
    vpp.settle()
    check()
    assert states(tenant) == [("A", State.UNWANTED)]

    send(location)
    vpp.settle()
    check()

    assert states(tenant) == []
    assert library.serials_of(APP) == set()


def test_wanted_again_before_it_was_given_back(
    tenant: Tenant, location: VppLocation, licence: VppLicence, library: Library, vpp: VppStandIn
) -> None:
    library.assign(APP, "A")
    AssignmentFactory(licence, "A")
    release(tenant, "A")
    send(location)
    ask(tenant, "A")
    assert send(location) == 0

    vpp.settle()
    check()
    send(location)
    vpp.settle()
    check()

    assert states(tenant) == [("A", State.ASSIGNED)]
    assert library.serials_of(APP) == {"A"}


@pytest.mark.parametrize("again", [False, True])
def test_given_back_while_apple_is_being_asked(
    again: bool,
    tenant: Tenant,
    location: VppLocation,
    licence: VppLicence,
    library: Library,
    vpp: VppStandIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between the answer of Apple and our note of it."""
    ask(tenant, "A")
    note = licence_sending._note_event

    def late(batch: Any, event_id: str) -> None:
        release(tenant, "A")
        if again:
            ask(tenant, "A")
        note(batch, event_id)

    monkeypatch.setattr(licence_sending, "_note_event", late)
    send(location)
    monkeypatch.undo()
    vpp.settle()
    for _ in range(3):
        check()
        send(location)
        vpp.settle()

    assert states(tenant) == ([("A", State.ASSIGNED)] if again else [])
    assert library.serials_of(APP) == ({"A"} if again else set())


# Workers and answers that are lost ----------------------------------------------------------------------------------


class Killed(BaseException):
    """As the kernel does it: nothing is caught."""


@pytest.mark.parametrize("given_back", [False, True])
def test_a_worker_killed_after_apple_took_it_asks_again(
    given_back: bool,
    tenant: Tenant,
    location: VppLocation,
    licence: VppLicence,
    library: Library,
    vpp: VppStandIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def die(*_: Any) -> None:
        raise Killed

    ask(tenant, "A")
    with monkeypatch.context() as patch:
        patch.setattr(licence_sending, "_note_event", die)
        with pytest.raises(Killed):
            send(location)
    vpp.settle()
    assert library.serials_of(APP) == {"A"}
    assert locations_to_send() == []  # not while the worker may still be alive
    if given_back:
        release(tenant, "A")

    send(location)
    vpp.settle()
    check()

    assert states(tenant) == ([] if given_back else [("A", State.ASSIGNED)])
    assert library.serials_of(APP) == (set() if given_back else {"A"})


def test_an_answer_that_is_lost_does_no_harm(
    tenant: Tenant, location: VppLocation, licence: VppLicence, library: Library, vpp: VppStandIn
) -> None:
    vpp.misbehave(endpoint="associate", lose=True, times=1)
    ask(tenant, "A")

    send(location)
    send(location)
    vpp.settle()
    check()

    assert states(tenant) == [("A", State.ASSIGNED)]
    assert library.used((APP, "STDQ")) == 1


@pytest.mark.parametrize("silent", [True, False])
def test_an_event_that_apple_forgot_is_judged_by_the_list(
    silent: bool, tenant: Tenant, location: VppLocation, licence: VppLicence, library: Library, vpp: VppStandIn
) -> None:
    ask(tenant, "A", "B")
    send(location)
    if silent:
        VppEvent.objects.update(checks=1000)
    else:
        library.events.clear()
    library.assign(APP, "A")

    assert check() == [True]

    assert states(tenant) == [("A", State.ASSIGNED), ("B", State.FAILED)]
    assert reason("B") == "Apple did not assign a licence: Apple never said how it went."


def test_events_are_asked_about_less_and_less(
    tenant: Tenant, location: VppLocation, licence: VppLicence, vpp: VppStandIn
) -> None:
    ask(tenant, "A")
    send(location)
    waits = []
    for _ in range(12):
        check()
        event = VppEvent.objects.get()
        assert event.check_at is not None
        waits.append(round((event.check_at - timezone.now()).total_seconds()))

    wanted = [10, 20, 40, 80, 160, 320, 640, *[900] * 5]
    assert all(abs(wait - each) < 5 for wait, each in zip(waits, wanted, strict=True)), waits


def test_many_devices_are_looked_up_in_pages(
    tenant: Tenant, location: VppLocation, library: Library, vpp: VppStandIn
) -> None:
    vpp.limits = Limits(page_size=10)
    library.own(Asset(APP, 30))
    LicenceFactory(location, APP, total=40)
    ask(tenant, *(f"S{number:02}" for number in range(40)))
    send(location)
    vpp.settle()

    check()

    assert VppAssignment.objects.filter(tenant=tenant, state=State.ASSIGNED).count() == 30
    assert vpp.counters["assignments"] == 3


def test_old_events_go(tenant: Tenant, location: VppLocation, licence: VppLicence, vpp: VppStandIn) -> None:
    ask(tenant, "A")
    send(location)
    vpp.settle()
    check()
    assert drop_old_events() == 0
    VppEvent.objects.update(ended_at=timezone.now() - dt.timedelta(days=31))

    assert drop_old_events() == 1


@pytest.mark.django_db(transaction=True)
def test_many_workers_at_once_ask_once_for_each(
    tenant: Tenant, location: VppLocation, library: Library, vpp: VppStandIn
) -> None:
    vpp.limits = Limits(max_serials=3)
    library.own(Asset(APP, 100))
    LicenceFactory(location, APP, total=100)
    ask(tenant, *(f"S{number:02}" for number in range(20)))

    def work() -> None:
        for _ in range(5):
            send_licences(location.pk)

    all_at_once(work, work, work, work)

    asked = [serial for body in bodies(vpp) for serial in body["serialNumbers"]]
    assert sorted(asked) == [f"S{number:02}" for number in range(20)]
