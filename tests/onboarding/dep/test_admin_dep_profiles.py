"""DEP profiles in the console: made, changed, made the default, deleted."""

from typing import Any

import pytest

from onboarding.admin.pane_words import GROUPS
from onboarding.apple.setup_panes import ALL_PANES
from onboarding.models import DepProfile, DepProfileDefinition
from tenants.models import AuditEvent, Role, Tenant
from tests.factories.console import member, superuser
from tests.factories.dep_rows import DepDeviceFactory, DepProfileFactory, DepServerFactory
from tests.factories.devices import DeviceGroupFactory

PROFILES = "/admin/onboarding/depprofile/"
ON = ("is_supervised", "is_mandatory", "await_device_configured", "allow_pairing", "auto_advance_setup")


def form(profile: DepProfile | None = None, **changes: Any) -> dict[str, Any]:
    """As the page posts it when nothing but `changes` is touched; None leaves a box unticked."""
    told: dict[str, Any] = {"name": "Phones", "seen": "", **dict.fromkeys(ON, "on")}
    if profile is not None:
        told |= {"name": profile.name, "seen": profile.updated_at.isoformat()}
        told |= {"is_default": "on"} if profile.is_default else {}
    return {name: value for name, value in {**told, **changes}.items() if value is not None}


def edit(profile: DepProfile) -> str:
    return f"{PROFILES}{profile.pk}/edit/"


def test_every_pane_has_its_words() -> None:
    named = [pane.key for _, panes in GROUPS for pane in panes]

    assert sorted(named) == sorted(ALL_PANES)
    assert all(pane.title and pane.hint for _, panes in GROUPS for pane in panes)


def test_the_first_profile_becomes_the_default(tenant: Tenant) -> None:
    client, group = member(tenant), DeviceGroupFactory(tenant=tenant, name="Stores")
    told = form(group=str(group.pk), show_setup_items=["Passcode", "Siri"], minimum_os_version="26.1")

    answer = client.post(f"{PROFILES}new/", told, follow=True)

    made = DepProfile.objects.get()
    assert (made.tenant, made.name, made.group, made.is_default) == (tenant, "Phones", group, True)
    assert made.show_setup_items == ["Passcode", "Siri"]
    assert not made.is_mdm_removable
    text = answer.content.decode()
    for words in ("The profile Phones is made.", "Setting one; a blueprint can demand", "2 of 54", "Stores"):
        assert words in text
    assert made.token not in text
    assert AuditEvent.objects.filter(action="dep_profile.created").exists()


def test_a_change_says_how_many_devices_get_it_again(tenant: Tenant, other_tenant: Tenant) -> None:
    profile, server = DepProfileFactory(tenant), DepServerFactory(tenant)
    DepProfileFactory(other_tenant)
    DepDeviceFactory(DepServerFactory(other_tenant))
    for _ in range(2):
        DepDeviceFactory(server)
    client = member(tenant)

    assert "2 devices have this profile." in client.get(edit(profile)).content.decode()
    page = client.post(edit(profile), form(profile, show_setup_items=["Siri"]), follow=True).content.decode()

    assert "2 devices get it at Apple as soon as a worker is free." in page
    server.refresh_from_db()
    assert server.assign_due_at is not None


def test_what_apple_is_not_told_reassigns_nothing(tenant: Tenant) -> None:
    profile = DepProfileFactory(tenant)
    DepDeviceFactory(DepServerFactory(tenant))
    client = member(tenant)

    page = client.post(edit(profile), form(profile, minimum_macos_version="26"), follow=True).content.decode()
    assert "It counts for devices that enrol from now on." in page
    profile.refresh_from_db()
    same = client.post(edit(profile), form(profile, minimum_macos_version="26"), follow=True).content.decode()
    assert "Nothing was changed." in same


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"name": ""}, "This field is required."),
        ({"name": "two\nlines"}, "line"),
        ({"name": "x" * 126}, "at most 125 characters"),
        ({"name": "a\0b"}, "Null characters are not allowed."),
        ({"show_setup_items": ["Siri", "NoSuchPane"]}, "NoSuchPane is not one of the available choices"),
        ({"language": "English"}, "ISO 639"),
        ({"region": "us"}, "ISO 3166"),
        ({"minimum_os_version": "26.x"}, "such as 26.1"),
        ({"support_email_address": "nobody"}, "valid email address"),
        ({"is_supervised": None}, "supervised devices only"),
        ({"group": "not a uuid"}, "not a valid UUID"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(changes: dict[str, Any], told: str, tenant: Tenant) -> None:
    profile = DepProfileFactory(tenant, show_setup_items=["TOS"])

    answer = member(tenant).post(edit(profile), form(profile, **changes))

    assert answer.status_code == 400
    assert told in answer.content.decode()
    assert DepProfile.objects.get().updated_at == profile.updated_at


def test_what_was_typed_is_shown_again_and_is_harmless(tenant: Tenant) -> None:
    profile = DepProfileFactory(tenant)
    changes = {"department": "<script>alert(1)</script>", "region": "xx", "show_setup_items": ["Siri"]}

    page = member(tenant).post(edit(profile), form(profile, **changes)).content.decode()

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert(1)" not in page
    assert 'value="Siri" checked' in page


def test_a_group_of_another_tenant_is_refused(tenant: Tenant, other_tenant: Tenant) -> None:
    profile, theirs = DepProfileFactory(tenant), DeviceGroupFactory(tenant=other_tenant, name="Their group")
    client = member(tenant)

    assert "Their group" not in client.get(edit(profile)).content.decode()
    assert client.post(edit(profile), form(profile, group=str(theirs.pk))).status_code == 400


def test_who_saves_over_another_is_told_first(tenant: Tenant) -> None:
    profile, client = DepProfileFactory(tenant), member(tenant)
    mine = form(profile, name="Mine")
    client.post(edit(profile), form(profile, name="Theirs now"))

    answer = client.post(edit(profile), mine)

    assert answer.status_code == 400
    assert "saved this profile meanwhile" in answer.content.decode()
    stored = DepProfile.objects.get()
    assert stored.name == "Theirs now"
    assert client.post(edit(profile), {**mine, "seen": stored.updated_at.isoformat()}).status_code == 302
    assert DepProfile.objects.get().name == "Mine"


def test_another_becomes_the_default(tenant: Tenant, other_tenant: Tenant) -> None:
    before, theirs = DepProfileFactory(tenant), DepProfileFactory(other_tenant)
    after = DepProfileFactory(tenant, is_default=False)
    DepDeviceFactory(DepServerFactory(tenant))
    client = member(tenant)
    path = f"{PROFILES}{after.pk}/make_default/"

    assert "All devices that have no other profile" in client.get(path).content.decode()
    page = client.post(path, follow=True).content.decode()

    assert "1 device" in page
    assert [DepProfile.objects.get(pk=each.pk).is_default for each in (before, after, theirs)] == [False, True, True]


def test_one_that_nobody_has_is_deleted(tenant: Tenant) -> None:
    DepProfileFactory(tenant)
    unused = DepProfileFactory(tenant, is_default=False, name="Unused")
    client = member(tenant)
    path = f"{PROFILES}{unused.pk}/delete_this/"

    assert "cannot be undone" in client.get(path).content.decode()
    assert "The profile Unused is deleted." in client.post(path, follow=True).content.decode()
    assert not DepProfile.objects.filter(pk=unused.pk).exists()


def test_one_in_use_is_not_deleted(tenant: Tenant) -> None:
    default, used = DepProfileFactory(tenant), DepProfileFactory(tenant, is_default=False)
    DepDeviceFactory(DepServerFactory(tenant, profile=used), own_profile=used)
    client = member(tenant)

    said = client.post(f"{PROFILES}{used.pk}/delete_this/", follow=True).content.decode()
    of_default = client.post(f"{PROFILES}{default.pk}/delete_this/", follow=True).content.decode()

    assert "1 server and 1 device. Give them another one first." in said
    assert "Give them another one first." in of_default
    assert DepProfile.objects.count() == 2


def test_apples_refusal_is_told(tenant: Tenant) -> None:
    profile = DepProfileFactory(tenant)
    refused = DepProfileDefinition.objects.create(profile=profile, server=DepServerFactory(tenant, name="Stores"))
    DepProfileDefinition.objects.filter(pk=refused.pk).update(problem="Apple does not take it: NAME_INVALID")
    client = member(tenant, Role.VIEWER)

    page = client.get(f"{PROFILES}{profile.pk}/change/").content.decode()

    assert "Apple does not take it: NAME_INVALID" in page
    assert "refused</span>" in client.get(PROFILES).content.decode()


@pytest.mark.parametrize("action", ["edit", "make_default", "delete_this"])
def test_viewers_change_no_profile(action: str, tenant: Tenant) -> None:
    profile, client = DepProfileFactory(tenant, is_default=False), member(tenant, Role.VIEWER)

    assert client.post(f"{PROFILES}{profile.pk}/{action}/", form(profile)).status_code == 404
    assert client.get(f"{PROFILES}new/").status_code == 404
    assert f"/{action}/" not in client.get(f"{PROFILES}{profile.pk}/change/").content.decode()


def test_who_sees_several_tenants_says_for_which_it_is(tenant: Tenant, other_tenant: Tenant) -> None:
    client = superuser()

    asked = client.get(f"{PROFILES}new/").content.decode()
    shown = client.get(f"{PROFILES}new/?tenant={other_tenant.pk}").content.decode()
    client.post(f"{PROFILES}new/?tenant={other_tenant.pk}", form())

    assert f"?tenant={tenant.pk}" in asked
    assert "New DEP profile: for which tenant?</h2>" in asked
    assert f"New DEP profile of {other_tenant}</h2>" in shown
    assert DepProfile.objects.get().tenant == other_tenant
    assert member(tenant).post(f"{PROFILES}new/?tenant={other_tenant.pk}", form()).status_code == 200
    assert DepProfile.objects.count() == 1
