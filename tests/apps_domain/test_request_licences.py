"""What is written when licences are asked for and given back. Nobody asks Apple here."""

from collections.abc import Iterable
from functools import partial

import pytest

from apps_domain.models import VppAssignment, VppLocation
from apps_domain.models.licences import UNLIMITED
from apps_domain.selectors.licences import assignment_of
from apps_domain.services.licences import release_licences, request_licences
from tenants.models import Tenant
from tests.factories.licences import AssignmentFactory, EventFactory, LicenceFactory, LocationFactory
from tests.factories.tenants import TenantFactory
from tests.factories.threads import all_at_once

State = VppAssignment.State
APP, OTHER_APP = "408709785", "361309726"


def ask(tenant: Tenant, *serials: str, adam_id: str = APP) -> None:
    request_licences(tenant_id=tenant.pk, adam_id=adam_id, serials=serials)


def state_of(tenant: Tenant, serial: str, adam_id: str = APP) -> str:
    row = assignment_of(tenant_id=tenant.pk, serial=serial, adam_id=adam_id)
    return row.state if row else ""


def states(tenant: Tenant) -> Iterable[tuple[str, str]]:
    return sorted(VppAssignment.objects.filter(tenant=tenant).values_list("serial", "state"))


@pytest.fixture
def location(tenant: Tenant, other_tenant: Tenant) -> VppLocation:
    """The other tenant has licences in plenty: they are never ours."""
    LicenceFactory(LocationFactory(other_tenant), APP, total=100)
    return LocationFactory(tenant)


def test_devices_without_a_licence_are_to_get_one(tenant: Tenant, location: VppLocation) -> None:
    LicenceFactory(location)

    ask(tenant, "A", "B", "A")

    assert states(tenant) == [("A", State.WANTED), ("B", State.WANTED)]
    row = assignment_of(tenant_id=tenant.pk, serial="A", adam_id=APP)
    assert row is not None
    assert (row.location, row.pricing_param, row.attempts) == (location, "STDQ", 0)


def test_asking_twice_changes_nothing(tenant: Tenant, location: VppLocation) -> None:
    LicenceFactory(location)
    ask(tenant, "A")
    before = list(VppAssignment.objects.values())

    ask(tenant, "A")

    assert list(VppAssignment.objects.values()) == before


@pytest.mark.parametrize("state", [State.ASSIGNED, State.SENT])
def test_a_device_that_has_one_uses_no_other(tenant: Tenant, location: VppLocation, state: str) -> None:
    AssignmentFactory(LicenceFactory(location, total=1), "A", state)

    ask(tenant, "A")

    assert states(tenant) == [("A", state)]


def test_without_a_free_licence_it_fails_at_once(tenant: Tenant, location: VppLocation) -> None:
    AssignmentFactory(LicenceFactory(location, total=2), "A")

    ask(tenant, "B", "C")

    assert states(tenant) == [("A", State.ASSIGNED), ("B", State.WANTED), ("C", State.FAILED)]
    row = assignment_of(tenant_id=tenant.pk, serial="C", adam_id=APP)
    assert row is not None
    assert row.reason.startswith("No licence available: 2 of 2 are in use.")


def test_promised_licences_are_not_free(tenant: Tenant, location: VppLocation) -> None:
    LicenceFactory(location, total=1)
    ask(tenant, "A")

    ask(tenant, "B")

    assert state_of(tenant, "B") == State.FAILED


def test_an_app_that_nobody_bought_fails(tenant: Tenant, location: VppLocation) -> None:
    LicenceFactory(location, OTHER_APP)

    ask(tenant, "A")

    row = assignment_of(tenant_id=tenant.pk, serial="A", adam_id=APP)
    assert row is not None
    assert (row.state, row.reason[:48]) == (State.FAILED, "No licence available: the organisation has none ")


def test_books_and_apps_for_people_only_fail(tenant: Tenant, location: VppLocation) -> None:
    LicenceFactory(location, APP, product_type="Book")
    LicenceFactory(location, OTHER_APP, is_device_assignable=False)

    ask(tenant, "A")
    ask(tenant, "A", adam_id=OTHER_APP)

    assert state_of(tenant, "A") == State.FAILED
    row = assignment_of(tenant_id=tenant.pk, serial="A", adam_id=OTHER_APP)
    assert row is not None
    assert "does not let" in row.reason


def test_what_failed_may_be_asked_for_again(tenant: Tenant, location: VppLocation) -> None:
    licence = LicenceFactory(location, total=0)
    ask(tenant, "A")
    licence.total_count = 1
    licence.save(update_fields=["total_count"])

    ask(tenant, "A")

    assert states(tenant) == [("A", State.WANTED)]


def test_of_several_locations_the_one_with_most_free(tenant: Tenant, location: VppLocation) -> None:
    second = LocationFactory(tenant)
    AssignmentFactory(LicenceFactory(location, total=3), "X")
    LicenceFactory(second, total=4)

    ask(tenant, *"ABCDEFG")

    rows = VppAssignment.objects.filter(tenant=tenant)
    assert rows.filter(location=second, state=State.WANTED).count() == 4
    assert rows.filter(location=location, state=State.WANTED).count() == 2
    assert rows.filter(state=State.FAILED).count() == 1


def test_licences_without_a_limit_never_run_out(tenant: Tenant, location: VppLocation) -> None:
    LicenceFactory(location, total=UNLIMITED)

    ask(tenant, *"ABC")

    assert [state for _, state in states(tenant)] == [State.WANTED] * 3


def test_a_location_that_was_never_read_may_have_it(tenant: Tenant) -> None:
    LocationFactory(tenant, synced_at=None)

    ask(tenant, "A")

    assert state_of(tenant, "A") == State.WANTED


@pytest.mark.parametrize(
    "trouble", [{"needs_token": True, "problem": "The token has expired."}, {"problem": "Another"}]
)
def test_a_location_in_trouble_gives_nothing(tenant: Tenant, trouble: dict[str, object]) -> None:
    LicenceFactory(LocationFactory(tenant, **trouble))

    ask(tenant, "A")

    row = assignment_of(tenant_id=tenant.pk, serial="A", adam_id=APP)
    assert row is not None
    assert row.reason == f"No licence available: {trouble['problem']}"


def test_without_a_vpp_token_nothing_is_written(tenant: Tenant, other_tenant: Tenant) -> None:
    LicenceFactory(LocationFactory(other_tenant))

    ask(tenant, "A")

    assert assignment_of(tenant_id=tenant.pk, serial="A", adam_id=APP) is None


def test_an_assignment_of_another_tenant_is_not_seen(tenant: Tenant, other_tenant: Tenant) -> None:
    AssignmentFactory(LicenceFactory(LocationFactory(other_tenant)), "A")
    LicenceFactory(LocationFactory(tenant))

    assert assignment_of(tenant_id=tenant.pk, serial="A", adam_id=APP) is None
    ask(tenant, "A")
    release_licences(tenant_id=tenant.pk, serial="A")
    assert states(other_tenant) == [("A", State.ASSIGNED)]


# Giving back ------------------------------------------------------------------------------------------------------


def test_a_licence_is_given_back(tenant: Tenant, location: VppLocation) -> None:
    licence = LicenceFactory(location)
    AssignmentFactory(licence, "A")
    AssignmentFactory(licence, "B")
    AssignmentFactory(LicenceFactory(location, OTHER_APP), "A")

    release_licences(tenant_id=tenant.pk, serial="A", adam_id=APP)

    assert (state_of(tenant, "A"), state_of(tenant, "B")) == (State.UNWANTED, State.ASSIGNED)
    assert state_of(tenant, "A", OTHER_APP) == State.ASSIGNED


def test_all_of_a_device_are_given_back(tenant: Tenant, location: VppLocation) -> None:
    licence = LicenceFactory(location)
    AssignmentFactory(licence, "A")
    AssignmentFactory(licence, "", client_user_id="person")
    AssignmentFactory(LicenceFactory(location, OTHER_APP), "A")

    for _ in range(2):
        release_licences(tenant_id=tenant.pk, serial="A")
        release_licences(tenant_id=tenant.pk, serial="")

    assert states(tenant) == [("", State.ASSIGNED), ("A", State.UNWANTED), ("A", State.UNWANTED)]


def test_what_apple_never_heard_of_is_simply_forgotten(tenant: Tenant, location: VppLocation) -> None:
    licence = LicenceFactory(location)
    ask(tenant, "A")
    AssignmentFactory(licence, "B", State.FAILED)

    release_licences(tenant_id=tenant.pk, serial="A")
    release_licences(tenant_id=tenant.pk, serial="B")

    assert states(tenant) == []


def test_what_apple_may_have_heard_of_is_taken_back(tenant: Tenant, location: VppLocation) -> None:
    licence = LicenceFactory(location)
    event = EventFactory(location)
    AssignmentFactory(licence, "A", State.WANTED, attempts=1)
    AssignmentFactory(licence, "B", State.SENT, event=event, attempts=1)

    release_licences(tenant_id=tenant.pk, serial="A")
    release_licences(tenant_id=tenant.pk, serial="B")

    assert states(tenant) == [("A", State.UNWANTED), ("B", State.UNWANTED)]
    assert VppAssignment.objects.get(serial="B").event == event  # which is waited for


def test_a_licence_not_given_back_yet_is_kept_when_asked_for(tenant: Tenant, location: VppLocation) -> None:
    AssignmentFactory(LicenceFactory(location, total=1), "A")
    release_licences(tenant_id=tenant.pk, serial="A")

    ask(tenant, "A")

    assert states(tenant) == [("A", State.ASSIGNED)]


def test_a_licence_on_its_way_back_is_asked_for_again(tenant: Tenant, location: VppLocation) -> None:
    event = EventFactory(location, "disassociate")
    AssignmentFactory(LicenceFactory(location, total=1), "A", State.RELEASING, event=event)

    ask(tenant, "A")
    row = VppAssignment.objects.get(serial="A")
    assert (row.state, row.event) == (State.WANTED, event)

    release_licences(tenant_id=tenant.pk, serial="A")
    row.refresh_from_db()
    assert (row.state, row.event) == (State.RELEASING, event)


@pytest.mark.django_db(transaction=True)
def test_the_last_licence_is_promised_once() -> None:
    tenant = TenantFactory()
    LicenceFactory(LocationFactory(tenant), total=3)

    all_at_once(*(partial(ask, tenant, serial) for serial in "ABCDEFGH"))

    assert VppAssignment.objects.filter(state=State.WANTED).count() == 3
    assert VppAssignment.objects.filter(state=State.FAILED).count() == 5


@pytest.mark.django_db(transaction=True)
def test_one_device_asked_for_many_times_at_once_gets_one() -> None:
    tenant = TenantFactory()
    location = LocationFactory(tenant)
    LicenceFactory(location, total=8)

    all_at_once(*(lambda: ask(tenant, "A"),) * 6, *(lambda: ask(tenant, "A", adam_id=OTHER_APP),) * 2)

    assert [state for _, state in states(tenant)] == [State.FAILED, State.WANTED]
