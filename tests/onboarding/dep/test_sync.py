"""Reading Apple's list, against the stand-in over a socket."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from devices.models import Device
from onboarding.models import DepDevice, DepServer, DepSync
from onboarding.services.dep import listing
from onboarding.services.dep.syncing import syncs_to_work_off, work_off
from onboarding.simulation.dep import DepStandIn, ListedDevice, MdmServer
from tenants.models import DepToken, Tenant
from tests.factories.commands import AppleEnrolmentFactory, queued
from tests.factories.dep import token_of
from tests.factories.dep_rows import DepServerFactory
from tests.factories.dep_syncing import ACTIVE, DISABLED, HOUR, REGISTERED, counts, failures, sync
from tests.factories.devices import AndroidFactory, DeviceFactory


@pytest.fixture(autouse=True)
def _token(dep_token: DepToken) -> None:
    """Ours of the server; each test is about what comes of it."""


def states(tenant: Tenant) -> dict[str, tuple[int, str]]:
    rows = Device.objects.filter(tenant=tenant).values_list("serial", "state", "dep_profile_status")
    return {serial: (state, status) for serial, state, status in rows}


# --- the whole list ---------------------------------------------------------------------------------------------------


def test_a_new_tokens_devices_are_registered(tenant: Tenant, other_tenant: Tenant, mdm_server: MdmServer) -> None:
    theirs = DeviceFactory(tenant=other_tenant, serial="PHONE")
    mdm_server.add(
        ListedDevice("PHONE"), ListedDevice("PAD", "iPad"), ListedDevice("TV", "AppleTV"), ListedDevice("MAC", "Mac")
    )
    mdm_server.add(ListedDevice("RING", "Ring", asset_tag="A-1"))

    done = sync(tenant)

    assert counts(done) == ("SUCCESS", 5, 0, 0)
    assert (done.cause, done.created_by, done.failure_reason) == ("TOKEN", "", "")
    assert None not in (done.started_at, done.ended_at)
    phone = Device.objects.get(tenant=tenant, serial="PHONE")
    assert (phone.platform, phone.os, phone.device_source) == ("APPLE", "iOS", "ABM")
    assert (phone.state, phone.dep_profile, phone.dep_profile_status) == (REGISTERED, "Default", "assigned")
    assert phone.name.startswith("MST-")
    assert phone.hardware_info == {"brand": "Apple", "manufacturer": "Apple", "model": "iPhone 15"}
    systems = dict(Device.objects.filter(tenant=tenant).values_list("serial", "os"))
    assert systems == {"PHONE": "iOS", "PAD": "iPadOS", "TV": "tvOS", "MAC": "macOS", "RING": ""}
    row = DepDevice.objects.get(device__serial="RING")
    assert (row.asset_tag, row.device_family, row.color, row.tenant) == ("A-1", "Ring", "BLACK", tenant)
    assert row.device_assigned_at is not None
    theirs.refresh_from_db()
    assert (theirs.state, theirs.device_source) == (ACTIVE, "NON_ABM")
    assert not DepDevice.objects.filter(tenant=other_tenant).exists()


def test_the_server_is_known_by_its_account_without_people(tenant: Tenant, mdm_server: MdmServer) -> None:
    sync(tenant)

    server = DepServer.objects.get(tenant=tenant)
    assert server.name == mdm_server.name
    assert server.account["org_name"] == mdm_server.organisation
    assert "@" not in str(server.account)
    assert (server.problem, server.trouble, server.claimed_at, server.fetch_began_at) == ("", "", None, None)
    assert server.synced_at is not None
    assert timezone.now() + 0.8 * HOUR < server.sync_due_at < timezone.now() + 1.2 * HOUR


def test_a_list_of_several_pages(
    tenant: Tenant, dep: DepStandIn, mdm_server: MdmServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PAGE", 3)
    mdm_server.stock(8)

    done = sync(tenant)

    assert counts(done) == ("SUCCESS", 8, 0, 0)
    assert (dep.counters["fetch"], dep.counters["sync"]) == (3, 1)
    assert len(states(tenant)) == 8


def test_a_known_device_is_not_made_twice(tenant: Tenant, mdm_server: MdmServer) -> None:
    """Also one that enrolled before it was in the list, and one that somebody spelled otherwise."""
    enrolled = DeviceFactory(tenant=tenant, serial="ENROLLED", hardware_info={"model": "iPhone14,7"}, name="Anna's")
    AppleEnrolmentFactory(device=enrolled)
    removed = DeviceFactory(tenant=tenant, serial="removed", state=DISABLED, os="")
    mdm_server.add("ENROLLED", "REMOVED")

    sync(tenant)

    assert states(tenant) == {"ENROLLED": (ACTIVE, "assigned"), "removed": (REGISTERED, "assigned")}
    enrolled.refresh_from_db()
    assert (enrolled.device_source, enrolled.name) == ("ABM", "Anna's")
    assert enrolled.hardware_info == {"model": "iPhone14,7"}
    removed.refresh_from_db()
    assert (removed.os, removed.hardware_info) == ("iOS", {"model": "iPhone 15"})


def test_the_serial_of_an_android_device_fails_alone(tenant: Tenant, mdm_server: MdmServer) -> None:
    android = AndroidFactory(tenant=tenant, serial="DROID")
    mdm_server.add("A", "DROID", "Z")

    done = sync(tenant)

    assert counts(done) == ("COMPLETE", 2, 0, 0)
    assert failures(done) == {"DROID": "A device of another platform has this serial number here."}
    before = android.updated_at
    android.refresh_from_db()
    assert (android.device_source, android.updated_at) == ("", before)
    assert set(DepDevice.objects.values_list("serial", flat=True)) == {"A", "Z"}


def test_a_second_reading_asks_for_changes_only(tenant: Tenant, dep: DepStandIn, mdm_server: MdmServer) -> None:
    mdm_server.stock(3)
    sync(tenant)
    sync(tenant)  # in which Apple tells of the profiles that it was told to assign
    before = list(Device.objects.values_list("serial", "updated_at"))

    done = sync(tenant)

    assert counts(done) == ("SUCCESS", 0, 0, 0)
    assert done.cause == "SCHEDULE"
    assert (dep.counters["fetch"], dep.counters["sync"]) == (1, 3)
    assert list(Device.objects.values_list("serial", "updated_at")) == before


def test_two_tenants_may_have_the_same_serial(tenant: Tenant, other_tenant: Tenant, dep: DepStandIn) -> None:
    ours, theirs = dep.servers[0], dep.add_server()
    token_of(other_tenant, theirs)
    ours.add("SAME")
    theirs.add(ListedDevice("SAME", "iPad"))

    sync(tenant)

    assert list(Device.objects.order_by("os").values_list("tenant", "os")) == [
        (tenant.pk, "iOS"),
        (other_tenant.pk, "iPadOS"),
    ]


# --- changes ----------------------------------------------------------------------------------------------------------


def test_changes_are_taken_over(tenant: Tenant, mdm_server: MdmServer) -> None:
    mdm_server.stock(2)
    sync(tenant)
    sync(tenant)
    mdm_server.add("NEW")
    mdm_server.change("DEP000000001", asset_tag="A-7")
    mdm_server.remove("DEP000000000")

    done = sync(tenant)

    assert counts(done) == ("SUCCESS", 1, 1, 1)
    assert states(tenant) == {
        "DEP000000000": (DISABLED, "removed"),
        "DEP000000001": (REGISTERED, "assigned"),
        "NEW": (REGISTERED, "assigned"),
    }
    assert DepDevice.objects.get(serial="DEP000000001").asset_tag == "A-7"
    assert DepDevice.objects.get(serial="DEP000000000").removed_at is not None


def test_a_device_that_left_the_list_stays_as_it_is_if_it_is_enrolled(tenant: Tenant, mdm_server: MdmServer) -> None:
    device = DeviceFactory(tenant=tenant, serial="ENROLLED")
    AppleEnrolmentFactory(device=device)
    mdm_server.add("ENROLLED", "WAITS")
    sync(tenant)
    waiting = queued(Device.objects.get(serial="WAITS"))
    mdm_server.remove("ENROLLED")
    mdm_server.remove("WAITS")

    sync(tenant)

    assert states(tenant) == {"ENROLLED": (ACTIVE, "removed"), "WAITS": (DISABLED, "removed")}
    waiting.refresh_from_db()
    assert waiting.state == "Command Cancelled"


def test_a_device_that_comes_back_is_expected_again(tenant: Tenant, mdm_server: MdmServer) -> None:
    mdm_server.add("BACK")
    sync(tenant)
    mdm_server.remove("BACK")
    sync(tenant)
    DepDevice.objects.update(assigned_uuid="old", assign_tries=3)
    mdm_server.add("BACK")

    done = sync(tenant)

    assert counts(done) == ("SUCCESS", 1, 0, 0)
    assert states(tenant) == {"BACK": (REGISTERED, "assigned")}
    row = DepDevice.objects.get()
    assert (row.removed_at, row.assign_tries) == (None, 0)
    assert row.assigned_uuid == mdm_server.devices["BACK"].profile_uuid != "old"


def test_a_device_that_somebody_removed_here_comes_back_only_when_apple_lists_it_anew(
    tenant: Tenant, mdm_server: MdmServer
) -> None:
    mdm_server.add("GONE")
    sync(tenant)
    Device.objects.update(state=DISABLED)
    mdm_server.change("GONE", asset_tag="A-8")
    sync(tenant)
    assert states(tenant)["GONE"][0] == DISABLED

    mdm_server.record("added", mdm_server.devices["GONE"], at=mdm_server.clock() + 5)
    sync(tenant)

    assert states(tenant)["GONE"][0] == REGISTERED


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_latest_word_about_a_device_counts(tenant: Tenant, mdm_server: MdmServer, order: tuple[int, ...]) -> None:
    sync(tenant)
    device = ListedDevice("OFTEN")
    mdm_server.add(device, told=False)
    words = [("added", 10, "A-1"), ("deleted", 20, "A-2"), ("added", 30, "A-3")]
    for kind, at, tag in (words[index] for index in order):
        mdm_server.record(kind, device, at=mdm_server.clock() + at, asset_tag=tag)

    done = sync(tenant)

    assert counts(done) == ("SUCCESS", 1, 0, 0)
    assert DepDevice.objects.get().asset_tag == "A-3"
    assert states(tenant) == {"OFTEN": (REGISTERED, "assigned")}


def test_an_older_word_than_what_is_known_is_not_heard(tenant: Tenant, mdm_server: MdmServer) -> None:
    sync(tenant)
    mdm_server.add("KNOWN")
    sync(tenant)
    sync(tenant)
    mdm_server.record("deleted", mdm_server.devices["KNOWN"], at=mdm_server.clock() - 3600)
    mdm_server.record("modified", mdm_server.devices["KNOWN"], at=mdm_server.clock() - 1800, asset_tag="OLD")

    done = sync(tenant)

    assert counts(done) == ("SUCCESS", 0, 0, 0)
    assert states(tenant) == {"KNOWN": (REGISTERED, "assigned")}
    assert DepDevice.objects.get().asset_tag == ""


def test_what_was_never_listed_is_not_missed(tenant: Tenant, mdm_server: MdmServer) -> None:
    sync(tenant)
    mdm_server.record("deleted", ListedDevice("NEVER"))

    assert counts(sync(tenant)) == ("SUCCESS", 0, 0, 0)

    assert not Device.objects.exists()


def test_odd_and_repeated_entries_of_a_page_do_no_harm(tenant: Tenant, dep: DepStandIn, mdm_server: MdmServer) -> None:
    mdm_server.stock(2)
    dep.misbehave(endpoint="fetch", odd=True, repeat=True)

    done = sync(tenant)

    assert done.status == "COMPLETE"  # for Apple knows nothing of the odd ones
    known = states(tenant)
    assert [known.pop(f"DEP00000000{number}") for number in range(2)] == [(REGISTERED, "assigned")] * 2
    assert set(failures(done)) == set(known)


def test_apples_word_about_a_profile_is_shown(tenant: Tenant, mdm_server: MdmServer) -> None:
    mdm_server.add("PUSHED")
    sync(tenant)
    mdm_server.activation_record("PUSHED")  # it is being set up

    sync(tenant)

    device = Device.objects.get()
    assert (device.dep_profile, device.dep_profile_status) == ("Default", "pushed")
    assert device.dep_profile_push_time is not None


def test_a_profile_of_others_is_shown_by_its_uuid(tenant: Tenant, mdm_server: MdmServer) -> None:
    """Until ours is in its place: Apple would not have it now."""
    mdm_server.add(ListedDevice("FOREIGN", profile_uuid="ABCD", profile_status="assigned", profile_assigned_at=1e9))
    mdm_server.tell_result("THROTTLED", "FOREIGN")

    done = sync(tenant)

    assert failures(done) == {"FOREIGN": "Apple asks to wait before the device is given a profile again."}
    assert done.status == "COMPLETE"
    device = Device.objects.get()
    assert (device.dep_profile, device.dep_profile_status) == ("ABCD", "assigned")
    assert device.dep_profile_assign_time == dt.datetime.fromtimestamp(1e9, dt.UTC)


# --- several servers --------------------------------------------------------------------------------------------------


def test_a_device_that_moved_to_another_server_of_the_tenant_is_not_gone(tenant: Tenant, dep: DepStandIn) -> None:
    first, second = dep.servers[0], dep.add_server()
    token_of(tenant, second)
    first.add("MOVES")
    sync(tenant)
    first.remove("MOVES")
    second.add("MOVES")

    for _ in range(2):  # in whatever order they are read
        done = sync(tenant)

    assert done.status == "SUCCESS"
    assert states(tenant) == {"MOVES": (REGISTERED, "assigned")}
    assert DepDevice.objects.get().server.name == second.name


def test_each_server_is_read_when_it_is_due(tenant: Tenant, dep: DepStandIn) -> None:
    token_of(tenant, dep.add_server())
    sync(tenant)
    before = dep.counters["sync"]
    one = DepServer.objects.filter(tenant=tenant)[0]
    DepServer.objects.filter(pk=one.pk).update(sync_due_at=timezone.now())

    for sync_id in syncs_to_work_off():
        work_off(sync_id)

    assert dep.counters["sync"] == before + 1
    assert DepSync.objects.count() == 2


def test_a_device_with_another_main_board_makes_room(tenant: Tenant, mdm_server: MdmServer) -> None:
    """It was S1; now it is S2, which the list comes to know as well."""
    mdm_server.add("S1")
    sync(tenant)
    device = Device.objects.get()
    Device.objects.update(serial="S2")
    mdm_server.add("S2")

    done = sync(tenant)

    assert done.status == "SUCCESS"
    assert DepDevice.objects.get(serial="S2").device == device
    assert DepDevice.objects.get(serial="S1").device.serial == "S1"


def test_beat_finds_nothing_to_do_for_a_server_without_a_token(tenant: Tenant) -> None:
    """Its token was deleted: nothing is asked of Apple, and the console says why."""
    DepToken.objects.all().delete()
    server: Any = DepServerFactory(tenant, sync_due_at=timezone.now() - HOUR)

    assert syncs_to_work_off() == []

    server.refresh_from_db()
    assert server.problem.startswith("There is no token of this MDM server any more.")
    assert server.problem_code == "NO_TOKEN"
    assert not DepSync.objects.exists()
