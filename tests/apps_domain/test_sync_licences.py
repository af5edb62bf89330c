"""Reading a location, against the stand-in over a socket."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from apps_domain.models import StoreApp, VppAssignment, VppLicence, VppLocation
from apps_domain.models.licences import UNLIMITED
from apps_domain.services import licence_sync, licence_tables
from apps_domain.services.licence_locations import find_new_tokens, take_over_location
from apps_domain.services.licence_sync import LEASE, due_locations, sync_location
from apps_domain.services.licences import request_licences
from onboarding.simulation.vpp import Asset, Library, VppStandIn
from onboarding.simulation.vpp.answers import Limits
from tenants.models import Tenant
from tenants.services.vpp_tokens import delete_vpp_token, renew_vpp_token
from tests.factories.apple_tokens import VppTokenFactory
from tests.factories.licences import AssignmentFactory, EventFactory, LicenceFactory, LocationFactory
from tests.factories.tenants import ACTOR

State = VppAssignment.State
APP, OTHER_APP = "408709785", "361309726"
LONG_AGO = timezone.now() - dt.timedelta(days=1)


@pytest.fixture
def fresh(tenant: Tenant, other_tenant: Tenant, library: Library) -> VppLocation:
    """Its token was just uploaded. The other tenant has a location, which Apple is not asked about."""
    LocationFactory(other_tenant)
    token = VppTokenFactory(tenant, token=library.vpptoken)
    find_new_tokens()
    return VppLocation.objects.get(token=token)


def sync(location: VppLocation) -> VppLocation:
    """Now; the location afterwards."""
    VppLocation.objects.filter(pk=location.pk).update(sync_due_at=timezone.now())
    sync_location(location.pk)
    return VppLocation.objects.get(token=location.token_id)


def assignments(tenant: Tenant) -> list[tuple[str, str]]:
    return sorted(VppAssignment.objects.filter(tenant=tenant).values_list("serial", "state"))


def test_a_new_token_becomes_a_location_with_its_licences(
    tenant: Tenant, fresh: VppLocation, library: Library, vpp: VppStandIn
) -> None:
    library.own(Asset(APP, 5, platforms=["iOS", "macOS"]), Asset(OTHER_APP, None), Asset("9", 1, product_type="Book"))
    library.assign(APP, "A")
    library.assign(APP, person="someone")
    assert due_locations() == [fresh.pk]

    assert sync_location(fresh.pk) is True

    fresh.refresh_from_db()
    assert (fresh.uid, fresh.name, fresh.country) == (library.uid, "Ours at Apple", "us")
    assert fresh.synced_at is not None
    assert due_locations() == []
    one = VppLicence.objects.get(adam_id=APP)
    assert (one.total_count, one.assigned_count, one.available_count) == (5, 2, 3)
    assert one.supported_platforms == ["iOS", "macOS"]
    other = VppLicence.objects.get(adam_id=OTHER_APP)
    assert (other.total_count, other.available_count) == (UNLIMITED, UNLIMITED)
    assert assignments(tenant) == [("", State.ASSIGNED), ("A", State.ASSIGNED)]
    assert library.mdm_info is not None
    assert library.mdm_info["id"] == str(tenant.pk)
    assert set(StoreApp.objects.values_list("tenant", "apple_app_id")) == {(tenant.pk, APP), (tenant.pk, OTHER_APP)}


def test_a_second_sync_changes_nothing(location: VppLocation, library: Library) -> None:
    library.own(Asset(APP, 5))
    library.assign(APP, "A")
    sync(location)
    before = list(VppLicence.objects.values_list("pk", "assigned_count")), list(VppAssignment.objects.values_list("pk"))

    sync(location)

    after = list(VppLicence.objects.values_list("pk", "assigned_count")), list(VppAssignment.objects.values_list("pk"))
    assert after == before


def test_many_pages(vpp: VppStandIn, location: VppLocation, library: Library) -> None:
    vpp.limits = Limits(page_size=7)
    library.own(*(Asset(str(number), 3) for number in range(1, 31)))
    for number in range(1, 31):
        library.assign(str(number), f"S{number}")

    sync(location)

    assert VppLicence.objects.filter(location=location, assigned_count=1, available_count=2).count() == 30
    assert (vpp.counters["assets"], vpp.counters["assignments"]) == (5, 5)


def test_what_is_gone_at_apple_goes(tenant: Tenant, location: VppLocation, library: Library) -> None:
    library.own(Asset(APP, 9))
    library.assign(APP, "STAYS")
    sync(location)
    gone = LicenceFactory(location, OTHER_APP, updated_at=LONG_AGO)
    licence = VppLicence.objects.get(adam_id=APP)
    for state in State:
        AssignmentFactory(licence, f"{state} one", state, updated_at=LONG_AGO)
    AssignmentFactory(licence, "in doubt", State.UNWANTED, updated_at=LONG_AGO, event=EventFactory(location))

    sync(location)

    assert not VppLicence.objects.filter(pk=gone.pk).exists()
    assert [serial for serial, _ in assignments(tenant)] == [
        "STAYS", "failed one", "in doubt", "sent one", "wanted one",
    ]  # fmt: skip


def test_what_apple_has_assigned_is_assigned(tenant: Tenant, location: VppLocation, library: Library) -> None:
    library.own(Asset(APP, 9))
    licence = LicenceFactory(location, APP)
    kept = {State.UNWANTED, State.RELEASING}
    for state in State:
        library.assign(APP, f"{state}")
        AssignmentFactory(licence, f"{state}", state, reason="before", attempts=1)
    library.assign(APP, "waits")
    AssignmentFactory(licence, "waits", State.WANTED, event=EventFactory(location, "disassociate"))

    sync(location)

    told = {f"{state}": state if state in kept else State.ASSIGNED for state in State}
    assert dict(assignments(tenant)) == {**told, "waits": State.WANTED}
    assert VppAssignment.objects.get(serial="failed").reason == ""


def test_counts_come_from_the_assignments(location: VppLocation, library: Library) -> None:
    library.own(Asset(APP, 2))
    licence = LicenceFactory(location, APP, assigned_count=77, available_count=99)
    library.assign(APP, "A")
    AssignmentFactory(licence, "B", State.SENT)

    sync(location)

    licence.refresh_from_db()
    assert (licence.assigned_count, licence.available_count) == (1, 1)


# Data that change on the way ----------------------------------------------------------------------------------------


def test_a_walk_starts_again_when_the_data_change(vpp: VppStandIn, location: VppLocation, library: Library) -> None:
    vpp.limits = Limits(page_size=2)
    library.own(*(Asset(str(number), 3) for number in range(1, 8)))
    vpp.misbehave(endpoint="assets", drift=True, after=1, times=2)

    assert sync(location).trouble == ""

    assert VppLicence.objects.filter(location=location).count() == 7
    assert vpp.counters["assets"] > 4


def test_data_that_never_rest_are_left_for_later(vpp: VppStandIn, location: VppLocation, library: Library) -> None:
    vpp.limits = Limits(page_size=2)
    library.own(*(Asset(str(number), 3) for number in range(1, 8)))
    old = LicenceFactory(location, "99", updated_at=LONG_AGO)
    vpp.misbehave(endpoint="assets", drift=True)

    found = sync(location)

    assert "change faster" in found.trouble
    assert VppLicence.objects.filter(pk=old.pk).exists()  # nothing is known to be gone
    assert found.sync_due_at is not None
    assert found.sync_due_at < timezone.now() + dt.timedelta(minutes=6)


def test_pages_that_do_not_follow_one_another_are_refused(
    vpp: VppStandIn, location: VppLocation, library: Library
) -> None:
    vpp.limits = Limits(page_size=2)
    library.own(*(Asset(str(number), 3) for number in range(1, 8)))
    vpp.misbehave(endpoint="assets", skip_page=True)

    assert "do not follow" in sync(location).trouble


# Who has the location -----------------------------------------------------------------------------------------------


def test_nothing_is_written_where_another_server_is(
    tenant: Tenant, fresh: VppLocation, library: Library, vpp: VppStandIn
) -> None:
    library.mdm_info = {"id": "other", "name": "Another MDM", "metadata": "-"}
    request_licences(tenant_id=tenant.pk, adam_id=APP, serials=["A"])

    found = sync(fresh)

    assert found.problem.startswith("Another device-management server has this location: Another MDM.")
    assert library.mdm_info["id"] == "other"
    assert vpp.counters["claim"] == vpp.counters["assets"] == 0
    assert assignments(tenant) == [("A", State.FAILED)]


def test_a_location_is_taken_over_when_told(tenant: Tenant, fresh: VppLocation, library: Library) -> None:
    library.mdm_info = {"id": "other", "name": "Another MDM", "metadata": "-"}
    library.own(Asset(APP))
    sync(fresh)

    take_over_location(location=fresh, actor=ACTOR)
    found = sync(fresh)

    assert (found.problem, found.take_over) == ("", False)
    assert library.mdm_info == {"id": str(tenant.pk), "name": "Muster", "metadata": "http://testserver"}
    assert VppLicence.objects.filter(location=found).count() == 1


def test_a_server_that_comes_in_between_is_seen(vpp: VppStandIn, location: VppLocation, library: Library) -> None:
    vpp.limits = Limits(page_size=1)
    library.own(Asset(APP), Asset(OTHER_APP))
    sync(location)
    library.mdm_info = {"id": "other", "name": "Another MDM", "metadata": "-"}

    assert "Another MDM" in sync(location).problem


def test_apple_is_told_where_to_send_notifications(fresh: VppLocation, library: Library, vpp: VppStandIn) -> None:
    """Nobody answers at that address here, so Apple does not take it, and the location is ours all the same."""
    assert sync(fresh).problem == ""

    address, without = [body for kind, body in vpp.requests if kind == "claim"]
    assert address["notificationUrl"] == f"http://testserver/mdm/vpp/notifications/{fresh.pk}"
    assert len(address["notificationAuthToken"]) >= 32
    assert address["notificationTypes"] == ["ASSET_COUNT", "ASSET_MANAGEMENT"]
    assert "notificationUrl" not in without
    assert library.mdm_info is not None


# Tokens -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [9601, 9621, 9622, 9625, 9637])
def test_a_token_that_apple_refuses_stops_the_work(
    number: int, tenant: Tenant, location: VppLocation, library: Library, vpp: VppStandIn
) -> None:
    licence = LicenceFactory(location, APP)
    AssignmentFactory(licence, "A")
    AssignmentFactory(licence, "B", State.WANTED)
    library.refusal = (number, "The token is no good.")

    found = sync(location)

    assert found.needs_token
    assert found.problem == "The token is no good. Download a new token of this location at Apple and upload it."
    assert assignments(tenant) == [("A", State.ASSIGNED), ("B", State.FAILED)]
    assert due_locations() == []


def test_a_renewed_token_is_taken_up(location: VppLocation, library: Library, vpp: VppStandIn) -> None:
    library.refusal = (9621, "The token has expired.")
    sync(location)
    library.refusal = None
    vpp.libraries["renewed"] = library
    file = Library("renewed", "Ours at Apple").vpptoken

    renew_vpp_token(token=location.token, file=file, actor=ACTOR, force=True)
    find_new_tokens()

    assert due_locations() == [location.pk]
    found = sync(location)
    assert (found.needs_token, found.problem, found.uid) == (False, "", library.uid)


def test_a_second_token_of_a_location_takes_it_over(
    tenant: Tenant, location: VppLocation, library: Library, vpp: VppStandIn
) -> None:
    library.own(Asset(APP))
    AssignmentFactory(LicenceFactory(location, APP), "A", State.WANTED)
    vpp.libraries["second"] = library
    later = location.token.token_expiry_on + dt.timedelta(days=365)
    file = Library("second").vpptoken
    token = VppTokenFactory(tenant, token=file, token_expiry_on=later)
    find_new_tokens()
    new = VppLocation.objects.get(token=token)
    AssignmentFactory(LicenceFactory(new, APP), "B", State.WANTED)

    sync_location(new.pk)

    location.refresh_from_db()
    assert (location.token_id, location.uid, location.problem) == (token.pk, library.uid, "")
    assert location.synced_at is not None
    assert location.sync_claimed_at is None
    assert assignments(tenant) == [("A", State.WANTED), ("B", State.WANTED)]
    assert set(VppAssignment.objects.values_list("location", flat=True)) == {location.pk}
    aside = VppLocation.objects.exclude(pk=location.pk).get()
    assert "newer token" in aside.problem
    sync(aside)
    assert VppLocation.objects.get(uid=library.uid).token_id == token.pk
    assert VppLocation.objects.count() == 2

    delete_vpp_token(tenant=tenant, token_id=str(token.pk), actor=ACTOR)
    assert sync(aside).uid == library.uid


def test_the_same_location_in_two_tenants_is_the_first_ones(
    other_tenant: Tenant, location: VppLocation, library: Library
) -> None:
    theirs = VppTokenFactory(other_tenant, token=library.vpptoken)
    find_new_tokens()

    found = sync(VppLocation.objects.get(token=theirs))

    assert "Another device-management server has this location: Muster" in found.problem
    assert sync(location).problem == ""


def test_a_token_renewed_with_one_of_another_location_forgets_the_first(
    location: VppLocation, library: Library, vpp: VppStandIn
) -> None:
    AssignmentFactory(LicenceFactory(location, APP), "A")
    other = vpp.add_library(Library("elsewhere", "Elsewhere"))
    other.own(Asset(OTHER_APP))
    renew_vpp_token(token=location.token, file=other.vpptoken, actor=ACTOR, force=True)

    found = sync(location)

    assert (found.pk, found.uid, found.name) == (location.pk, other.uid, "Elsewhere")
    assert list(VppLicence.objects.values_list("adam_id", flat=True)) == [OTHER_APP]
    assert not VppAssignment.objects.exists()


# Trouble ------------------------------------------------------------------------------------------------------------

TROUBLE: list[dict[str, Any]] = [
    {"drop": True},
    {"html": True},
    {"html": True, "status": 401},
    {"huge": True},
    {"status": 503},
    {"number": 9603},
    {"number": 9646, "status": 429, "retry_after": "1200"},
]


@pytest.mark.parametrize("fault", TROUBLE, ids=str)
@pytest.mark.parametrize("endpoint", ["client", "assets"])
def test_trouble_at_apple_is_tried_again(
    fault: dict[str, Any], endpoint: str, location: VppLocation, vpp: VppStandIn, library: Library
) -> None:
    kept = LicenceFactory(location, APP, updated_at=LONG_AGO)
    vpp.misbehave(endpoint=endpoint, **fault)

    found = sync(location)

    assert found.trouble
    assert (found.problem, found.needs_token, found.sync_claimed_at) == ("", False, None)
    minutes = 20 if "retry_after" in fault else 5
    assert found.sync_due_at is not None
    assert abs(found.sync_due_at - timezone.now() - dt.timedelta(minutes=minutes)) < dt.timedelta(seconds=30)
    assert VppLicence.objects.filter(pk=kept.pk).exists()
    vpp.behave()
    library.own(Asset(OTHER_APP))
    assert sync(location).trouble == ""
    assert list(VppLicence.objects.values_list("adam_id", flat=True)) == [OTHER_APP]


def test_an_error_may_come_with_status_200(location: VppLocation, vpp: VppStandIn) -> None:
    vpp.misbehave(endpoint="client", number=9625, message="Revoked.")

    assert sync(location).needs_token


def test_the_token_is_in_no_log(location: VppLocation, vpp: VppStandIn, caplog: pytest.LogCaptureFixture) -> None:
    vpp.misbehave(endpoint="assets", status=503)

    sync(location)

    told = caplog.text
    assert "vpp_sync_failed" in told
    assert bytes(location.token.token).decode() not in told
    assert "planted" not in told


# Workers that die ---------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """As the kernel does it: nothing is caught."""


@pytest.mark.parametrize("pages", range(8))
def test_a_worker_killed_after_any_page_leaves_nothing_behind(
    pages: int, monkeypatch: pytest.MonkeyPatch, location: VppLocation, vpp: VppStandIn, library: Library
) -> None:
    vpp.limits = Limits(page_size=2)
    library.own(*(Asset(str(number), 3) for number in range(1, 8)))
    for number in range(1, 8):
        library.assign(str(number), "A")
    LicenceFactory(location, "99", updated_at=LONG_AGO)
    left, go_on = [pages], licence_sync._go_on

    def kill(location: VppLocation) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        go_on(location)

    with monkeypatch.context() as patch:
        patch.setattr(licence_sync, "_go_on", kill)
        with pytest.raises(Killed):
            sync(location)
    assert due_locations() == []
    VppLocation.objects.update(sync_claimed_at=timezone.now() - LEASE - dt.timedelta(seconds=1))

    assert due_locations() == [location.pk]
    assert sync_location(location.pk)
    assert VppLicence.objects.filter(assigned_count=1, available_count=2).count() == 7 == VppLicence.objects.count()


def test_two_workers_do_not_read_a_location_at_once(location: VppLocation, library: Library, vpp: VppStandIn) -> None:
    VppLocation.objects.update(sync_due_at=timezone.now(), sync_claimed_at=timezone.now())

    assert not sync_location(location.pk)
    assert not vpp.requests


def test_a_worker_that_lost_its_claim_stops(
    monkeypatch: pytest.MonkeyPatch, location: VppLocation, library: Library, vpp: VppStandIn
) -> None:
    vpp.limits = Limits(page_size=1)
    library.own(Asset(APP), Asset(OTHER_APP))
    other = timezone.now() + dt.timedelta(seconds=5)
    keep = licence_tables.store_assets

    def steal(*arguments: Any) -> None:
        keep(*arguments)
        VppLocation.objects.update(sync_claimed_at=other)

    monkeypatch.setattr(licence_tables, "store_assets", steal)
    sync(location)

    assert vpp.counters["assets"] == 1
    assert VppLocation.objects.get().sync_claimed_at == other


def test_what_becomes_due_during_a_sync_stays_due(
    monkeypatch: pytest.MonkeyPatch, location: VppLocation, library: Library
) -> None:
    count = licence_tables.count_licences

    def notified(location: VppLocation) -> None:
        count(location)
        VppLocation.objects.update(sync_due_at=timezone.now())

    monkeypatch.setattr(licence_tables, "count_licences", notified)

    sync(location)

    assert due_locations() == [location.pk]
