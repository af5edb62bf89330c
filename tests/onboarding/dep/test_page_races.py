"""Pages of two servers' lists, enrolments and operators, at once at the same devices."""

from collections.abc import Callable
from uuid import UUID

import pytest
from django.db import transaction
from django.utils import timezone

from devices.models import Device, DeviceGroup
from devices.services.devices import move_into
from onboarding.clients.dep_answers import Listed
from onboarding.models import DepDevice, DepServer, EnrolmentProfile
from onboarding.services.dep.again import assign_devices_again
from onboarding.services.dep.device_rows import lock_devices
from onboarding.services.dep.devices import retire_unseen, store_page
from onboarding.services.dep.profiles import choose_for_devices, delete_profile
from tenants.models import Tenant
from tests.factories.apple import issued, put
from tests.factories.dep_rows import DepDeviceFactory, DepProfileFactory, DepServerFactory
from tests.factories.dep_syncing import HOUR, MINUTE, REGISTERED, listed, serials
from tests.factories.devices import DeviceFactory
from tests.factories.fleet import TOPIC
from tests.factories.tenants import ACTOR
from tests.factories.threads import all_at_once, while_held
from tests.factories.waiting import until, waiting_for_locks

pytestmark = pytest.mark.django_db(transaction=True)

NOW = timezone.now()


def store(server: DepServer, *page: Listed) -> None:
    with transaction.atomic():
        store_page(server, page, NOW)


def in_transaction(act: Callable[[], object]) -> None:
    with transaction.atomic():
        act()


def added(*numbers: str) -> list[Listed]:
    return [listed(serial, op_type="added", op_at=NOW - MINUTE) for serial in numbers]


def deleted(*numbers: str) -> list[Listed]:
    return [listed(serial, op_type="deleted", op_at=NOW - MINUTE) for serial in numbers]


def while_stored(server: DepServer, page: list[Listed], act: Callable[[], object]) -> None:
    """The act begins when the page is stored and not committed; it has come to wait for it by then."""

    def first() -> None:
        with transaction.atomic():
            store_page(server, page, NOW)
            ready.append(True)
            until(lambda: waiting_for_locks() > 0)

    def second() -> None:
        until(lambda: bool(ready))
        act()

    ready: list[bool] = []
    all_at_once(first, second)


@pytest.fixture
def servers(tenant: Tenant, other_tenant: Tenant) -> tuple[DepServer, DepServer]:
    """The first has a device, which another tenant has as well."""
    old, new = DepServerFactory(tenant), DepServerFactory(tenant)
    for server in (old, DepServerFactory(other_tenant)):
        store(server, listed("MOVED", op_type="added", op_at=NOW - HOUR))
    return old, new


def test_a_device_that_has_just_moved_is_not_taken_for_gone(servers: tuple[DepServer, DepServer]) -> None:
    old, new = servers

    while_stored(new, added("MOVED"), lambda: store(old, *deleted("MOVED")))

    row = DepDevice.objects.get(tenant=old.tenant)
    assert (row.server, row.removed_at) == (new, None)
    assert Device.objects.filter(serial="MOVED", state=REGISTERED).count() == 2


def test_a_device_that_has_just_moved_is_not_taken_back(servers: tuple[DepServer, DepServer]) -> None:
    old, new = servers
    earlier = listed("MOVED", op_type="modified", op_at=NOW - HOUR / 2)

    while_stored(new, added("MOVED"), lambda: store(old, earlier))

    assert DepDevice.objects.get(tenant=old.tenant).server == new


@pytest.mark.parametrize("told", ["added", "modified"])
def test_what_the_old_server_tells_of_before_the_move_is_no_move_back(
    servers: tuple[DepServer, DepServer], told: str
) -> None:
    """On one page; that it is deleted there follows on the next. The new server's list was read in full."""
    old, new = servers
    store(new, listed("MOVED", device_assigned_at=NOW - MINUTE))

    store(old, listed("MOVED", op_type=told, op_at=NOW - HOUR / 2))
    store(old, *deleted("MOVED"))

    row = DepDevice.objects.get(tenant=old.tenant)
    assert (row.server, row.removed_at) == (new, None)
    assert Device.objects.filter(serial="MOVED", state=REGISTERED).count() == 2
    store(old, *added("MOVED"))
    assert DepDevice.objects.get(tenant=old.tenant).server == old


def test_a_device_that_moves_at_the_end_of_its_old_list_stays(servers: tuple[DepServer, DepServer]) -> None:
    old, new = servers

    def end() -> None:
        with transaction.atomic():
            retire_unseen(old, NOW + MINUTE, 10)

    while_stored(new, added("MOVED"), end)

    row = DepDevice.objects.get(tenant=old.tenant)
    assert (row.server, row.removed_at) == (new, None)
    assert Device.objects.filter(serial="MOVED", state=REGISTERED).count() == 2


def test_devices_that_change_places_lock_nobody_out(tenant: Tenant) -> None:
    one, other = DepServerFactory(tenant), DepServerFactory(tenant)
    here, there = [f"A{number}" for number in range(60)], [f"Z{number}" for number in range(60)]
    for server, mine in ((one, here), (other, there)):
        store(server, *[listed(serial, op_type="added", op_at=NOW - HOUR) for serial in mine])

    all_at_once(
        lambda: store(one, *deleted(*here), *added(*there)), lambda: store(other, *deleted(*there), *added(*here))
    )

    assert DepDevice.objects.filter(server=one, removed_at=None).count() == 60
    assert DepDevice.objects.filter(server=other, removed_at=None).count() == 60


def test_a_page_that_waits_for_a_new_device_has_locked_no_other(tenant: Tenant) -> None:
    """Another server's page has made it; who has it may come to want those that we have."""
    server = DepServerFactory(tenant)
    known = DeviceFactory(tenant=tenant, serial="KNOWN")

    def bring() -> None:
        with transaction.atomic():
            Device.objects.create(tenant=tenant, pk=UUID(int=1), serial="NEW", platform="APPLE")
            ready.append(True)
            until(lambda: waiting_for_locks() > 0)
            assert Device.objects.select_for_update(nowait=True).get(serial="KNOWN") == known

    def page() -> None:
        until(lambda: bool(ready))
        store(server, *added("KNOWN", "NEW"))

    ready: list[bool] = []
    all_at_once(bring, page)

    assert set(DepDevice.objects.values_list("device", flat=True)) == {known.pk, UUID(int=1)}


@pytest.mark.parametrize("who", ["a page", "an assignment", "a choice", "once more", "a list's end"])
def test_operators_who_move_devices_lock_nobody_out(tenant: Tenant, who: str) -> None:
    """Both wait for a device that somebody else has, each with all that they have locked before it."""
    server = DepServerFactory(tenant)
    first, last = (DeviceFactory(tenant=tenant, pk=UUID(int=pk), serial=f"S{9 - pk}") for pk in (1, 2))
    rows = [
        DepDevice.objects.create(tenant=tenant, server=server, device=each, serial=each.serial)
        for each in (first, last)
    ]
    ids, keys = [first.pk, last.pk], [row.pk for row in rows]
    group = DeviceGroup.objects.create(tenant=tenant, name="Tills")
    acts: dict[str, Callable[[], object]] = {
        "a page": lambda: store(server, listed(first.serial, model="iPad"), listed(last.serial, model="iPad")),
        "an assignment": lambda: in_transaction(lambda: lock_devices(ids)),
        "a choice": lambda: choose_for_devices(tenant=tenant, device_ids=keys, profile=None, actor=ACTOR),
        "once more": lambda: assign_devices_again(tenant=tenant, device_ids=keys, actor=ACTOR),
        "a list's end": lambda: in_transaction(lambda: retire_unseen(server, NOW + HOUR, 10)),
    }

    def move() -> None:
        with transaction.atomic():
            move_into(group, ids, actor=ACTOR)

    while_held(last, acts[who], move)

    assert Device.objects.filter(group=group).count() == 2


def test_a_profile_that_goes_and_a_page_lock_nobody_out(tenant: Tenant) -> None:
    """Each of them writes both devices' rows."""
    server, profile = DepServerFactory(tenant), DepProfileFactory(tenant, is_default=False)
    for serial in ("S8", "S7"):
        DepDeviceFactory(server, serial=serial, own_profile=profile)

    while_held(
        DepDevice.objects.get(serial="S8"),
        lambda: delete_profile(profile=profile, actor=ACTOR),
        lambda: store(server, listed("S7", model="iPad"), listed("S8", model="iPad")),
    )

    assert {(row.own_profile, row.model) for row in DepDevice.objects.all()} == {(None, "iPad")}


def test_a_device_that_enrols_while_it_is_listed_is_one(tenant: Tenant, link: EnrolmentProfile) -> None:
    identity = issued(link)
    first = {"MessageType": "Authenticate", "Topic": TOPIC, "UDID": "U-1", "SerialNumber": "NEW"}
    answers: list[int] = []

    while_stored(DepServerFactory(tenant), added("NEW"), lambda: answers.append(put(identity, first).status_code))

    assert answers == [200]
    assert Device.objects.get().dep_device.serial == "NEW"
    assert serials(udid="U-1") == {"NEW"}
