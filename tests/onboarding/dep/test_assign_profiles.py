"""Giving devices their profiles, against the stand-in over a socket."""

import datetime as dt
import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import time_machine
from django.core.checks import run_checks
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from devices.models import Device
from onboarding.apple.setup_panes import skipped
from onboarding.clients.apple_dep import DepService
from onboarding.clients.dep_answers import Assigned
from onboarding.models import DepDevice, DepProfile, DepProfileDefinition, DepServer
from onboarding.services.dep import assigning, claims
from onboarding.services.dep.access import at_apple
from onboarding.services.dep.assigning import assign_due, assign_profiles, failed_devices, next_try, servers_to_assign
from onboarding.services.dep.profiles import (
    choose_for_devices,
    choose_for_server,
    create_dep_profile,
    delete_profile,
    save_profile,
)
from onboarding.simulation.dep import DepStandIn, MdmServer
from tenants.models import Tenant
from tests.factories.dep import token_of
from tests.factories.dep_rows import DepDeviceFactory, DepProfileFactory, DepServerFactory
from tests.factories.pki import identity, pem
from tests.factories.tenants import ACTOR

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def server(tenant: Tenant, other_tenant: Tenant, mdm_server: MdmServer) -> DepServer:
    """The stand-in's, with our token. The other tenant has one too, which nobody may touch."""
    DepDeviceFactory(DepServerFactory(other_tenant, assign_due_at=timezone.now() + HOUR))
    return DepServerFactory(tenant, server_key=token_of(tenant, mdm_server).server_key)


@pytest.fixture
def profile(tenant: Tenant) -> DepProfile:
    return DepProfileFactory(tenant, name="Field crew", show_setup_items=["Siri"])


def listed(server: DepServer, mdm_server: MdmServer, *serials: str, **fields: Any) -> list[DepDevice]:
    """At Apple and in our rows, which were read just now."""
    mdm_server.add(*serials)
    return [DepDeviceFactory(server, serial=serial, **fields) for serial in serials]


def assign(server: DepServer) -> int:
    DepServer.objects.filter(pk=server.pk).update(assign_due_at=timezone.now())
    assigned = assign_due(server.pk)
    server.refresh_from_db()
    assert server.claimed_at is None
    return assigned


def claimed(server: DepServer) -> DepServer:
    mine = claims.claim(server.pk)
    assert mine is not None
    return mine


class Meanwhile:
    """Something that happens right before Apple is asked to assign."""

    def __init__(self, happens: Callable[[], None]) -> None:
        self.happens = happens

    def before_assigning(self, service: DepService) -> DepService:
        happens = self.happens

        class Interrupted(DepService):
            def __init__(self) -> None:
                self.__dict__ = service.__dict__

            def assign(self, profile_uuid: str, serials: Sequence[str]) -> dict[str, Assigned]:
                happens()
                return super().assign(profile_uuid, serials)

        return Interrupted()


def results(server: DepServer) -> dict[str, str]:
    return dict(DepDevice.objects.filter(server=server).values_list("serial", "assign_result"))


def at_stand_in(mdm_server: MdmServer) -> dict[str, str]:
    """Names of profiles, by serial."""
    names = {uuid: told["profile_name"] for uuid, told in mdm_server.profiles.items()}
    return {serial: names.get(device.profile_uuid, "") for serial, device in mdm_server.devices.items()}


def test_devices_are_given_the_default(
    dep: DepStandIn, mdm_server: MdmServer, server: DepServer, profile: DepProfile
) -> None:
    listed(server, mdm_server, "A", "B")

    assert assign(server) == 2

    assert at_stand_in(mdm_server) == {"A": "Field crew", "B": "Field crew"}
    row = DepDevice.objects.get(serial="A")
    uuid = mdm_server.devices["A"].profile_uuid
    assert (row.assigned_uuid, row.assign_result, row.profile_uuid, row.profile_status) == (
        uuid, "SUCCESS", uuid, "assigned",
    )  # fmt: skip
    assert (row.device.dep_profile, row.device.dep_profile_status) == ("Field crew", "assigned")
    assert row.device.dep_profile_assign_time is not None
    assert (server.assign_due_at, server.trouble, server.problem) == (None, "", "")
    assert DepProfileDefinition.objects.get().profile_uuid == uuid
    assert not Device.objects.exclude(tenant=server.tenant).filter(dep_profile_status="assigned").exists()


def test_apple_is_told_what_the_profile_says(
    dep: DepStandIn, mdm_server: MdmServer, server: DepServer, profile: DepProfile, settings: Settings
) -> None:
    settings.BASE_URL = "https://mdm.example.com"
    settings.DEP_ANCHOR_CERTIFICATES = pem(identity("Anchor").certificate) * 2
    DepProfile.objects.filter(pk=profile.pk).update(
        department="IT", support_phone_number="+1", support_email_address="it@example.com", language="en", region="US"
    )

    assign(server)

    assert len(mdm_server.profiles) == 1
    told = next(iter(mdm_server.profiles.values()))
    assert len(told.pop("anchor_certs")) == 2
    assert told == {
        "profile_name": "Field crew",
        "url": f"https://mdm.example.com/mdm/ade/{profile.token}",
        "org_magic": str(profile.tenant_id),
        "allow_pairing": True,
        "is_supervised": True,
        "is_mandatory": True,
        "is_mdm_removable": False,
        "await_device_configured": True,
        "auto_advance_setup": True,
        "skip_setup_items": skipped(["Siri"]),
        "language": "en",
        "region": "US",
        "department": "IT",
        "support_phone_number": "+1",
        "support_email_address": "it@example.com",
    }


def test_a_tenant_without_a_profile_gets_one_that_shows_nothing(
    dep: DepStandIn, mdm_server: MdmServer, server: DepServer, tenant: Tenant
) -> None:
    listed(server, mdm_server, "A")

    assert assign(server) == 1

    made = DepProfile.objects.get(tenant=tenant)
    assert (made.is_default, made.show_setup_items) == (True, [])
    assert at_stand_in(mdm_server) == {"A": made.name}


def test_what_is_as_it_should_be_is_left_alone(
    dep: DepStandIn, mdm_server: MdmServer, server: DepServer, profile: DepProfile
) -> None:
    listed(server, mdm_server, "A")
    assign(server)

    assert assign(server) == 0

    assert (dep.counters["define"], dep.counters["assign"]) == (1, 1)


def test_a_profile_that_changes_is_defined_anew_and_its_devices_follow(
    dep: DepStandIn, mdm_server: MdmServer, server: DepServer, profile: DepProfile
) -> None:
    listed(server, mdm_server, "A")
    assign(server)
    first = mdm_server.devices["A"].profile_uuid

    profile.name = "Field crew 2"
    save_profile(profile=profile, actor=ACTOR)
    server.refresh_from_db()
    assert servers_to_assign() == [server.pk]
    assert assign_due(server.pk) == 1

    assert mdm_server.devices["A"].profile_uuid != first
    assert at_stand_in(mdm_server) == {"A": "Field crew 2"}
    assert DepDevice.objects.get(serial="A").device.dep_profile == "Field crew 2"


def test_a_new_default_is_given_to_those_that_had_the_old_one(
    dep: DepStandIn, mdm_server: MdmServer, server: DepServer, profile: DepProfile, tenant: Tenant
) -> None:
    own, _ = listed(server, mdm_server, "OWN", "COMMON")
    choose_for_devices(tenant=tenant, device_ids=[own.pk], profile=profile, actor=ACTOR)
    assign(server)

    create_dep_profile(tenant=tenant, actor=ACTOR, name="New default")
    assert assign(server) == 1

    assert at_stand_in(mdm_server) == {"OWN": "Field crew", "COMMON": "New default"}


def test_a_devices_own_goes_before_its_servers_and_that_before_the_default(
    dep: DepStandIn, mdm_server: MdmServer, server: DepServer, profile: DepProfile, tenant: Tenant
) -> None:
    own, servers = (DepProfileFactory(tenant, name=name, is_default=False) for name in ("Own", "Server's"))
    special, _ = listed(server, mdm_server, "SPECIAL", "COMMON")
    choose_for_server(server=server, profile=servers, actor=ACTOR)
    choose_for_devices(tenant=tenant, device_ids=[special.pk], profile=own, actor=ACTOR)

    assert assign(server) == 2
    assert at_stand_in(mdm_server) == {"SPECIAL": "Own", "COMMON": "Server's"}

    delete_profile(profile=own, actor=ACTOR)
    delete_profile(profile=servers, actor=ACTOR)
    assert assign(server) == 2
    assert at_stand_in(mdm_server) == {"SPECIAL": "Field crew", "COMMON": "Field crew"}


def test_results_are_kept_by_device_and_asked_for_again_in_time(
    dep: DepStandIn, mdm_server: MdmServer, server: DepServer, profile: DepProfile
) -> None:
    listed(server, mdm_server, "FAILS", "FINE", "WAITS")
    DepDeviceFactory(server, serial="ELSEWHERE")
    mdm_server.tell_result("THROTTLED", "WAITS", times=1)
    mdm_server.tell_result("FAILED", "FAILS", times=1)
    mdm_server.retry_after_seconds = 1200
    began = timezone.now()

    assert assign(server) == 1

    assert results(server) == {
        "ELSEWHERE": "NOT_ACCESSIBLE", "FAILS": "FAILED", "FINE": "SUCCESS", "WAITS": "THROTTLED",
    }  # fmt: skip
    rows = {row.serial: row for row in failed_devices(server)}
    assert list(rows) == ["ELSEWHERE", "FAILS", "WAITS"]
    assert all(row.assign_reason.startswith("Apple") for row in rows.values())
    assert {serial: row.assign_tries for serial, row in rows.items()} == {"ELSEWHERE": 1, "FAILS": 1, "WAITS": 0}
    waits = {serial: (row.assign_not_before or began) - began for serial, row in rows.items()}
    assert HOUR <= waits["FAILS"] < HOUR * 1.1
    assert dt.timedelta(minutes=20) <= waits["WAITS"] < dt.timedelta(minutes=21)
    assert server.assign_due_at == rows["WAITS"].assign_not_before == next_try(server)

    assert assign(server) == 0  # too early
    assert dep.counters["assign"] == 1

    DepDevice.objects.update(assign_not_before=timezone.now())
    assert assign(server) == 2
    assert list(failed_devices(server).values_list("serial", "assign_tries")) == [("ELSEWHERE", 2)]


@pytest.mark.parametrize(("tries", "hours"), [(0, 1), (1, 2), (3, 8), (4, 16), (5, 24), (30_000, 24)])
def test_the_wait_doubles_up_to_a_day(
    dep: DepStandIn, server: DepServer, profile: DepProfile, tries: int, hours: int
) -> None:
    row = DepDeviceFactory(server, assign_tries=tries)
    began = timezone.now()

    assign(server)

    row.refresh_from_db()
    assert row.assign_not_before is not None
    assert hours * HOUR <= row.assign_not_before - began < hours * HOUR + dt.timedelta(minutes=1)


def test_a_device_that_left_apples_list_is_not_asked_for(
    dep: DepStandIn, mdm_server: MdmServer, server: DepServer, profile: DepProfile
) -> None:
    listed(server, mdm_server, "GONE", removed_at=timezone.now())

    assert assign(server) == 0

    assert dep.counters["assign"] == 0


@pytest.mark.parametrize(
    "said", [{"profile_status": "empty", "profile_uuid": ""}, {"profile_status": "removed"}, {"profile_uuid": "OTHER"}]
)
def test_what_apple_says_it_has_no_more_is_given_again(
    dep: DepStandIn, mdm_server: MdmServer, server: DepServer, profile: DepProfile, said: dict[str, str]
) -> None:
    listed(server, mdm_server, "A")
    assign(server)
    DepDevice.objects.update(**said)

    assert assign(server) == 0  # that was said before it was assigned
    DepDevice.objects.update(seen_at=timezone.now())
    assert assign(server) == 1
    assert assign(server) == 0


def test_what_apple_took_away_is_asked_for_until_it_is_back(
    dep: DepStandIn, mdm_server: MdmServer, server: DepServer, profile: DepProfile
) -> None:
    listed(server, mdm_server, "A")
    assign(server)
    DepDevice.objects.update(profile_status="removed", profile_uuid="", seen_at=timezone.now())
    mdm_server.tell_result("FAILED", "A", times=1)

    assert assign(server) == 0
    assert results(server) == {"A": "FAILED"}
    DepDevice.objects.update(assign_not_before=timezone.now())
    assert assign(server) == 1


def test_what_failed_is_forgotten_when_it_is_wanted_no_more(
    dep: DepStandIn, mdm_server: MdmServer, server: DepServer, profile: DepProfile, tenant: Tenant
) -> None:
    """Another default was refused, or put off; then it is the first one again, which the devices still have."""
    listed(server, mdm_server, "A", "B")
    assign(server)
    second = create_dep_profile(tenant=tenant, actor=ACTOR, name="Second")
    mdm_server.tell_result("THROTTLED", "A")
    assert assign(server) == 1
    dep.misbehave(endpoint="define", status=400, body='"CONFIG_NAME_INVALID"')
    create_dep_profile(tenant=tenant, actor=ACTOR, name="Third")
    assign(server)
    assert set(results(server).values()) == {"FAILED"}

    second.is_default = True
    save_profile(profile=second, actor=ACTOR)
    mdm_server.tell_result("SUCCESS", "A")
    assert assign(server) == 1

    assert results(server) == {"A": "SUCCESS", "B": "SUCCESS"}
    assert not failed_devices(server).exists()
    profile.is_default = True
    save_profile(profile=profile, actor=ACTOR)
    assert assign(server) == 2


def test_a_pushed_profile_is_left_alone(
    dep: DepStandIn, mdm_server: MdmServer, server: DepServer, profile: DepProfile
) -> None:
    listed(server, mdm_server, "A")
    assign(server)
    DepDevice.objects.update(profile_status="pushed", seen_at=timezone.now())

    assert assign(server) == 0


def test_a_profile_that_apple_knows_no_more_is_defined_anew(
    dep: DepStandIn, mdm_server: MdmServer, server: DepServer, profile: DepProfile
) -> None:
    assign(server)
    mdm_server.profiles.clear()
    listed(server, mdm_server, "A")

    assert assign(server) == 1

    assert at_stand_in(mdm_server) == {"A": "Field crew"}
    assert dep.counters["define"] == 2


def test_a_profile_that_apple_forgets_at_once_is_not_defined_for_ever(
    dep: DepStandIn, mdm_server: MdmServer, server: DepServer, profile: DepProfile
) -> None:
    listed(server, mdm_server, "A")
    dep.misbehave(endpoint="assign", status=404, body='"NOT_FOUND"')

    assert assign(server) == 0

    assert dep.counters["define"] == 2
    assert "404" in server.trouble
    assert server.assign_due_at is not None
    assert server.assign_due_at > timezone.now()


def test_a_profile_that_apple_does_not_take_is_told_and_tried_later(
    dep: DepStandIn, mdm_server: MdmServer, server: DepServer, profile: DepProfile
) -> None:
    listed(server, mdm_server, "A")
    dep.misbehave(endpoint="define", status=400, body='"CONFIG_NAME_INVALID"')

    assert assign(server) == 0
    assert assign(server) == 0

    definition = DepProfileDefinition.objects.get()
    assert (definition.profile_uuid, definition.problem) == ("", "Apple does not take it: CONFIG_NAME_INVALID")
    assert "CONFIG_NAME_INVALID" in failed_devices(server).get().assign_reason
    assert dep.counters["define"] == 1

    dep.behave()
    profile.name = "Better"
    save_profile(profile=profile, actor=ACTOR)
    assert assign(server) == 1
    definition.refresh_from_db()
    assert definition.problem == ""
    assert not failed_devices(server).exists()


def test_while_apple_does_not_take_a_change_devices_have_what_was_taken_before(
    dep: DepStandIn, mdm_server: MdmServer, server: DepServer, profile: DepProfile
) -> None:
    listed(server, mdm_server, "A")
    assign(server)
    dep.misbehave(endpoint="define", status=400, body='"DEPARTMENT_INVALID"')
    profile.department = "Odd"
    save_profile(profile=profile, actor=ACTOR)
    listed(server, mdm_server, "B")

    assert assign(server) == 1

    assert at_stand_in(mdm_server) == {"A": "Field crew", "B": "Field crew"}
    assert "DEPARTMENT_INVALID" in DepProfileDefinition.objects.get().problem


def test_anchors_that_are_none_are_told(
    dep: DepStandIn, mdm_server: MdmServer, server: DepServer, profile: DepProfile, settings: Settings
) -> None:
    settings.DEP_ANCHOR_CERTIFICATES = "no PEM"
    listed(server, mdm_server, "A")

    assert assign(server) == 0

    assert "DEP_ANCHOR_CERTIFICATES" in DepProfileDefinition.objects.get().problem
    assert [each.id for each in run_checks() if "DEP_ANCHOR" in each.msg] == ["onboarding.E002"]
    assert dep.counters["define"] == 0


def test_many_devices_go_in_batches_each_stored_at_once(
    dep: DepStandIn,
    mdm_server: MdmServer,
    server: DepServer,
    profile: DepProfile,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(assigning, "MAX_DEVICES", 2)
    listed(server, mdm_server, "A", "B", "C", "D", "E")
    dep.misbehave(endpoint="assign", status=503, after=1)

    assert assign(server) == 0

    assert results(server) == {"A": "SUCCESS", "B": "SUCCESS", "C": "", "D": "", "E": ""}
    assert server.trouble
    dep.behave()
    assert assign(server) == 3
    assert [len(body["devices"]) for body in dep.bodies("assign")] == [2, 2, 1]


def test_a_batch_that_apple_refuses_is_halved_until_it_is_known_why(
    dep: DepStandIn, mdm_server: MdmServer, server: DepServer, profile: DepProfile
) -> None:
    """The stand-in refuses the first three requests: of four devices, of the first two, of the first."""
    listed(server, mdm_server, "A", "B", "C", "D")
    dep.misbehave(endpoint="assign", status=400, body='"MALFORMED_REQUEST_BODY"', times=3)

    assert assign(server) == 3

    assert results(server) == {"A": "FAILED", "B": "SUCCESS", "C": "SUCCESS", "D": "SUCCESS"}


def test_what_apple_did_but_nobody_stored_is_asked_for_again(
    dep: DepStandIn, mdm_server: MdmServer, server: DepServer, profile: DepProfile
) -> None:
    listed(server, mdm_server, "A")
    dep.misbehave(endpoint="assign", lose=True)

    assert assign(server) == 0
    assert at_stand_in(mdm_server) == {"A": "Field crew"}
    assert results(server) == {"A": ""}

    dep.behave()
    assert assign(server) == 1
    assert results(server) == {"A": "SUCCESS"}


def test_who_is_killed_is_followed_by_another_when_the_claim_has_run_out(
    dep: DepStandIn, mdm_server: MdmServer, server: DepServer, profile: DepProfile
) -> None:
    listed(server, mdm_server, "A")
    killed = Meanwhile(lambda: sys.exit(1))
    with at_apple(server) as service, pytest.raises(SystemExit):
        assign_profiles(claimed(server), killed.before_assigning(service))

    server.refresh_from_db()
    assert server.claimed_at is not None
    with time_machine.travel(server.claimed_at + claims.LEASE, tick=False):
        assert servers_to_assign() == []
    with time_machine.travel(server.claimed_at + claims.LEASE + dt.timedelta(seconds=1)):
        assert servers_to_assign() == [server.pk]
        assert assign_due(server.pk) == 1


def test_one_worker_at_a_time(dep: DepStandIn, mdm_server: MdmServer, server: DepServer, profile: DepProfile) -> None:
    listed(server, mdm_server, "A")
    DepServer.objects.filter(pk=server.pk).update(claimed_at=timezone.now(), assign_due_at=timezone.now())

    assert servers_to_assign() == []
    assert assign_due(server.pk) == 0

    assert dep.counters["session"] == 0


def test_who_has_lost_the_claim_goes_on_no_further(
    dep: DepStandIn, mdm_server: MdmServer, server: DepServer, profile: DepProfile
) -> None:
    listed(server, mdm_server, "A")
    mine = claimed(server)
    DepServer.objects.filter(pk=server.pk).update(claimed_at=timezone.now() + HOUR)

    with at_apple(server) as service, pytest.raises(claims.LostClaim):
        assign_profiles(mine, service)

    assert dep.counters["define"] == dep.counters["assign"] == 0


def test_no_transaction_is_open_while_apple_is_asked(
    dep: DepStandIn, mdm_server: MdmServer, server: DepServer, profile: DepProfile
) -> None:
    listed(server, mdm_server, "A")
    outer = list(connection.savepoint_ids)
    open_ones: list[list[str]] = []
    meanwhile = Meanwhile(lambda: open_ones.append(list(connection.savepoint_ids)))

    with at_apple(server) as service:
        assert assign_profiles(claimed(server), meanwhile.before_assigning(service)) == 1

    assert open_ones == [outer]


def test_a_change_during_the_work_is_seen_next(
    dep: DepStandIn, mdm_server: MdmServer, server: DepServer, profile: DepProfile
) -> None:
    listed(server, mdm_server, "A")

    def change() -> None:
        profile.name = "Changed"
        save_profile(profile=profile, actor=ACTOR)

    mine = claimed(server)
    with at_apple(server) as service:
        assign_profiles(mine, Meanwhile(change).before_assigning(service))
    claims.release(mine)

    assert servers_to_assign() == [server.pk]
    assert assign_due(server.pk) == 1
    assert at_stand_in(mdm_server) == {"A": "Changed"}


def test_flooding_waits_as_long_as_apple_says(
    dep: DepStandIn, mdm_server: MdmServer, server: DepServer, profile: DepProfile
) -> None:
    listed(server, mdm_server, "A")
    dep.misbehave(endpoint="assign", status=429, retry_after="3000")
    began = timezone.now()

    assert assign(server) == 0

    assert server.assign_due_at is not None
    assert dt.timedelta(seconds=2999) <= server.assign_due_at - began <= dt.timedelta(seconds=3060)
    assert results(server) == {"A": ""}


def test_a_thousand_devices_take_few_statements(
    dep: DepStandIn,
    mdm_server: MdmServer,
    server: DepServer,
    profile: DepProfile,
    django_assert_max_num_queries: Any,
) -> None:
    listed(server, mdm_server, *(f"S{number}" for number in range(60)))

    with django_assert_max_num_queries(40):
        assert assign(server) == 60
