"""What the console and the API store of a profile, and what they do not."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from config.api.errors import BadRequest, Conflict, NotFound
from devices.services.groups import create_group
from onboarding.apple.setup_panes import ALL_PANES, FURTHER_PANES, PANES
from onboarding.models import DepDevice, DepProfile, DepServer
from onboarding.services.dep.profiles import (
    choose_for_devices,
    choose_for_server,
    create_dep_profile,
    default_profile,
    delete_profile,
    save_profile,
)
from tenants.models import AuditEvent, Tenant
from tests.factories.dep_rows import DepDeviceFactory, DepProfileFactory, DepServerFactory
from tests.factories.tenants import ACTOR


@pytest.fixture
def profile(tenant: Tenant) -> DepProfile:
    return DepProfileFactory(tenant)


@pytest.fixture
def server(tenant: Tenant) -> DepServer:
    return DepServerFactory(tenant)


def is_due(server: DepServer) -> bool:
    server.refresh_from_db()
    return server.assign_due_at is not None and server.assign_due_at <= timezone.now()


def test_a_change_is_kept_told_to_apple_soon_and_recorded(profile: DepProfile, server: DepServer) -> None:
    profile.name, profile.show_setup_items = " Field crew ", ["Zoom", "FileVault", "ActionButton"]

    save_profile(profile=profile, actor=ACTOR)

    profile.refresh_from_db()
    assert (profile.name, profile.updated_by) == ("Field crew", ACTOR.name)
    assert profile.show_setup_items == ["ActionButton", "Zoom", "FileVault"]
    assert is_due(server)
    event = AuditEvent.objects.get(action="dep_profile.changed")
    assert event.details["settings"] == ["name", "show_setup_items"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", " "),
        ("name", "x" * 126),
        ("name", "two\nlines"),
        ("department", "x" * 126),
        ("department", "two\r\nlines"),
        ("support_phone_number", "1" * 51),
        ("support_email_address", "nobody"),
        ("show_setup_items", ["Nothing"]),
        ("show_setup_items", ["Siri", "Siri"]),
        ("show_setup_items", "Siri"),
        ("show_setup_items", [["Siri"]]),
        ("show_setup_items", None),
        ("language", "english"),
        ("region", "us"),
        ("minimum_os_version", "latest"),
        ("minimum_macos_version", "14.x"),
        ("minimum_os_version", "\u0662\u0666.1"),  # digits, and no device tells its version in them
        ("is_supervised", False),  # while management is fixed on it
        ("is_default", False),  # while there is no other
    ],
)
def test_what_apple_would_not_take_is_refused(profile: DepProfile, server: DepServer, field: str, value: Any) -> None:
    before = DepProfile.objects.filter(pk=profile.pk).values().get()
    setattr(profile, field, value)

    with pytest.raises(BadRequest):
        save_profile(profile=profile, actor=ACTOR)

    assert DepProfile.objects.filter(pk=profile.pk).values().get() == before
    assert not is_due(server)
    assert not AuditEvent.objects.exists()


def test_another_tenants_group_is_refused(profile: DepProfile, tenant: Tenant, other_tenant: Tenant) -> None:
    profile.group = create_group(tenant=other_tenant, name="Theirs", actor=ACTOR)
    with pytest.raises(BadRequest):
        save_profile(profile=profile, actor=ACTOR)

    profile.group = create_group(tenant=tenant, name="Ours", actor=ACTOR)
    save_profile(profile=profile, actor=ACTOR)


def test_one_profile_is_the_default_of_each_tenant(profile: DepProfile, tenant: Tenant, other_tenant: Tenant) -> None:
    theirs = create_dep_profile(tenant=other_tenant, actor=ACTOR)
    second = create_dep_profile(tenant=tenant, actor=ACTOR)

    assert list(DepProfile.objects.filter(tenant=tenant, is_default=True)) == [second]
    profile.refresh_from_db()
    profile.is_default = True
    save_profile(profile=profile, actor=ACTOR)
    assert list(DepProfile.objects.filter(tenant=tenant, is_default=True)) == [profile]
    assert default_profile(tenant) == profile
    assert default_profile(other_tenant) == theirs


def test_profiles_without_a_name_get_one(tenant: Tenant) -> None:
    names = [create_dep_profile(tenant=tenant, actor=ACTOR).name for _ in range(3)]

    assert names == ["Profile 1", "Profile 2", "Profile 3"]


def test_a_profile_that_is_gone_is_not_stored_again(profile: DepProfile) -> None:
    gone = DepProfile.objects.get(pk=profile.pk)
    DepProfile.objects.all().delete()

    with pytest.raises(NotFound):
        save_profile(profile=gone, actor=ACTOR)
    with pytest.raises(NotFound):
        delete_profile(profile=gone, actor=ACTOR)

    assert not DepProfile.objects.exists()


def test_the_default_is_not_deleted_and_others_are(profile: DepProfile, tenant: Tenant, server: DepServer) -> None:
    other = DepProfileFactory(tenant, is_default=False)
    DepServer.objects.filter(pk=server.pk).update(profile=other)

    with pytest.raises(Conflict):
        delete_profile(profile=profile, actor=ACTOR)
    assert not is_due(server)
    delete_profile(profile=other, actor=ACTOR)

    assert is_due(server)
    assert server.profile is None
    assert AuditEvent.objects.get().action == "dep_profile.deleted"


def test_devices_and_servers_are_given_profiles_of_their_tenant_only(
    profile: DepProfile, server: DepServer, tenant: Tenant, other_tenant: Tenant
) -> None:
    theirs = DepProfileFactory(other_tenant)
    ours = DepDeviceFactory(server)
    foreign = DepDeviceFactory(DepServerFactory(other_tenant))
    keys = [ours.pk, foreign.pk]

    for choose in (
        lambda: choose_for_server(server=server, profile=theirs, actor=ACTOR),
        lambda: choose_for_devices(tenant=tenant, device_ids=keys, profile=theirs, actor=ACTOR),
    ):
        with pytest.raises(BadRequest):
            choose()
    assert not is_due(server)
    assert choose_for_devices(tenant=tenant, device_ids=keys, profile=profile, actor=ACTOR) == 1

    assert is_due(server)
    assert list(DepDevice.objects.exclude(own_profile=None)) == [ours]
    assert choose_for_devices(tenant=tenant, device_ids=keys, profile=profile, actor=ACTOR) == 0
    assert choose_for_devices(tenant=tenant, device_ids=keys, profile=None, actor=ACTOR) == 1


def test_a_profile_that_went_meanwhile_is_not_chosen(
    profile: DepProfile, server: DepServer, tenant: Tenant, other_tenant: Tenant
) -> None:
    gone, row = DepProfileFactory(tenant, is_default=False), DepDeviceFactory(server)
    DepProfileFactory(other_tenant)
    DepProfile.objects.filter(pk=gone.pk).delete()

    with pytest.raises(BadRequest, match="deleted meanwhile"):
        choose_for_server(server=server, profile=gone, actor=ACTOR)
    with pytest.raises(BadRequest, match="deleted meanwhile"):
        choose_for_devices(tenant=tenant, device_ids=[row.pk], profile=gone, actor=ACTOR)

    assert not is_due(server)
    assert not AuditEvent.objects.exists()


def test_what_is_chosen_is_due_at_once_although_a_later_time_was_set(profile: DepProfile, server: DepServer) -> None:
    DepServer.objects.update(assign_due_at=timezone.now() + dt.timedelta(hours=5))

    save_profile(profile=profile, actor=ACTOR)

    assert is_due(server)


def test_every_pane_has_one_name() -> None:
    assert len(ALL_PANES) == len(set(ALL_PANES)) == len(PANES) + len(FURTHER_PANES)
