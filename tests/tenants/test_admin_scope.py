"""The console shows each user their own tenants, and in each what their role there allows."""

import pytest
from django.contrib import admin
from django.test import Client

from tenants.models import Membership, Role, Tenant
from tests.factories.console import Furnished, browser, member, superuser
from tests.factories.tenants import UserFactory

VIEWED = ["devices/device", "devices/devicegroup", "commands/commandrequest", "commands/commandstatus"]
VIEWED += ["tenants/tenant", "tenants/apnscertificate", "tenants/auditevent", "tenants/deptoken", "tenants/vpptoken"]
VIEWED += ["onboarding/identitycertificate", "tenants/tenantcontact"]
VIEWED += ["tenants/expirywarning"]
VIEWED += ["apps_domain/storeapp", "apps_domain/vpplicence", "apps_domain/vppassignment", "apps_domain/vpplocation"]
VIEWED += ["apps_domain/tenantapp", "apps_domain/vendorapp"]
VIEWED += ["devices/blueprint", "devices/driftreport", "commands/converge"]
VIEWED += ["onboarding/depserver", "onboarding/depsync", "onboarding/depprofile", "onboarding/depdevice"]
VIEWED += ["onboarding/seamlessupload", "onboarding/seamlessrow", "onboarding/seamlessregistration"]
OPERATED = ["onboarding/enrolmentprofile"]
ADMINISTERED = ["tenants/apitoken", "tenants/membership"]
INSTALLATION = ["auth/user", "auth/group", "django_celery_beat/periodictask", "django_celery_beat/intervalschedule"]
INSTALLATION += ["django_celery_beat/crontabschedule", "django_celery_beat/solarschedule"]
INSTALLATION += ["django_celery_beat/clockedschedule"]
ALL = [*VIEWED, *OPERATED, *ADMINISTERED, *INSTALLATION]


def opened(client: Client, pages: list[str]) -> dict[str, int]:
    return {page: client.get(f"/admin/{page}/").status_code for page in pages}


def test_every_registered_page_is_tested_here(db: None) -> None:
    registered = {f"{model._meta.app_label}/{model._meta.model_name}" for model in admin.site._registry}

    assert registered == set(ALL)


def test_superusers_open_every_list_and_every_form(tenant: Tenant) -> None:
    Furnished(tenant)
    client = superuser()

    assert opened(client, ALL) == dict.fromkeys(ALL, 200)
    adding = ["devices/devicegroup", "tenants/tenant", "tenants/tenantcontact", *OPERATED, *ADMINISTERED]
    adding += INSTALLATION
    assert set(opened(client, [f"{page}/add" for page in adding]).values()) == {200}


@pytest.mark.parametrize(
    ("role", "pages", "closed"),
    [
        (Role.VIEWER, VIEWED, [*OPERATED, *ADMINISTERED, *INSTALLATION]),
        (Role.OPERATOR, [*VIEWED, *OPERATED], [*ADMINISTERED, *INSTALLATION]),
        (Role.ADMIN, [*VIEWED, *OPERATED, *ADMINISTERED], INSTALLATION),
    ],
)
def test_members_open_what_their_role_allows_and_read_nothing_of_another_tenant(
    tenant: Tenant, other_tenant: Tenant, role: Role, pages: list[str], closed: list[str]
) -> None:
    Furnished(tenant)
    other = Furnished(other_tenant)
    other_member = UserFactory(username="their-person")
    Membership.objects.create(user=other_member, tenant=other_tenant, role=Role.VIEWER)
    client = member(tenant, role)
    theirs = ("Theirs", "their-person", str(other_tenant.pk), other.token.prefix, str(other.device.pk))

    lists = {page: client.get(f"/admin/{page}/") for page in pages}

    assert {page: answer.status_code for page, answer in lists.items()} == dict.fromkeys(pages, 200)
    told = {page: [word for word in theirs if word in answer.content.decode()] for page, answer in lists.items()}
    assert {page: words for page, words in told.items() if words} == {}
    assert opened(client, closed) == dict.fromkeys(closed, 403)


def test_the_side_bar_offers_only_what_may_be_opened(tenant: Tenant) -> None:
    page = member(tenant, Role.VIEWER).get("/admin/").content.decode()

    assert "/admin/devices/device/" in page
    assert "/admin/tenants/apitoken/" not in page
    assert "/admin/auth/user/" not in page


def test_staff_without_a_membership_are_told_so(db: None) -> None:
    client = browser(UserFactory())

    assert "You are a member of no tenant yet" in client.get("/admin/").content.decode()
    assert client.get("/admin/devices/device/").status_code == 403


def test_users_who_are_not_staff_are_sent_to_the_login(tenant: Tenant) -> None:
    user = UserFactory(is_staff=False)
    Membership.objects.create(user=user, tenant=tenant, role=Role.ADMIN)

    assert browser(user).get("/admin/devices/device/").status_code == 302


def test_pages_of_another_tenants_objects_are_not_found(tenant: Tenant, other_tenant: Tenant) -> None:
    Furnished(tenant)
    other = Furnished(other_tenant)
    client = member(tenant, Role.ADMIN)
    paths = [
        f"tenants/tenant/{other_tenant.pk}/change/",
        f"tenants/apitoken/{other.token.pk}/change/",
        f"tenants/apnscertificate/{other.certificate.pk}/change/",
        f"tenants/deptoken/{other.dep_token.pk}/change/",
        f"tenants/vpptoken/{other.vpp_token.pk}/change/",
        f"tenants/tenantcontact/{other.contact.pk}/change/",
        f"tenants/expirywarning/{other.warning.pk}/change/",
        f"devices/device/{other.device.pk}/change/",
        f"devices/devicegroup/{other.group.pk}/change/",
        f"commands/commandrequest/{other.request.pk}/change/",
        f"commands/commandstatus/{other.status.pk}/change/",
        f"devices/blueprint/{other.blueprint.pk}/change/",
        f"devices/driftreport/{other.drift.pk}/change/",
        f"commands/converge/{other.converge.pk}/change/",
        f"onboarding/enrolmentprofile/{other.link.pk}/change/",
        f"onboarding/depserver/{other.dep_server.pk}/change/",
        f"onboarding/depsync/{other.dep_sync.pk}/change/",
        f"onboarding/depprofile/{other.dep_profile.pk}/change/",
        f"onboarding/depdevice/{other.dep_device.pk}/change/",
        f"onboarding/seamlessupload/{other.upload.pk}/change/",
        f"onboarding/seamlessrow/{other.row.pk}/change/",
        f"onboarding/seamlessregistration/{other.registration.pk}/change/",
        f"apps_domain/vpplocation/{other.location.pk}/change/",
        f"apps_domain/vpplicence/{other.licence.pk}/change/",
        f"apps_domain/vppassignment/{other.assignment.pk}/change/",
    ]

    for path in paths:
        answer = client.get(f"/admin/{path}")
        assert answer.status_code == 302, path  # to the overview, as for an id that never was
        assert answer["Location"] == "/admin/"


@pytest.mark.parametrize("verb", ["get", "post"])
def test_actions_on_another_tenants_objects_are_not_found(tenant: Tenant, other_tenant: Tenant, verb: str) -> None:
    other = Furnished(other_tenant)
    client = member(tenant, Role.ADMIN)
    paths = [
        f"devices/device/{other.device.pk}/send_to_this/",
        f"devices/device/{other.device.pk}/block/",
        f"devices/device/{other.device.pk}/remove/",
        f"devices/device/{other.device.pk}/history/",
        f"devices/device/{other.device.pk}/blueprint/",
        f"devices/device/{other.device.pk}/converge/",
        f"devices/device/{other.device.pk}/check/",
        f"devices/devicegroup/{other.group.pk}/delete_this/",
        f"devices/blueprint/{other.blueprint.pk}/edit/",
        f"devices/blueprint/{other.blueprint.pk}/publish/",
        f"devices/blueprint/{other.blueprint.pk}/assign/",
        f"devices/blueprint/{other.blueprint.pk}/converge_all/",
        f"devices/blueprint/{other.blueprint.pk}/delete_this/",
        f"devices/blueprint/{other.blueprint.pk}/diff/",
        f"devices/blueprint/{other.blueprint.pk}/restore/{other.version.pk}/",
        f"devices/blueprint/{other.blueprint.pk}/history/",
        f"devices/blueprint/images/{other.image.pk}/",
        "devices/blueprint/00000000-0000-4000-8000-000000000000/edit/",
        f"tenants/apitoken/{other.token.pk}/revoke/",
        f"tenants/tenantcontact/{other.contact.pk}/remove/",
        f"apps_domain/vpplocation/{other.location.pk}/sync_now/",
        f"apps_domain/vpplocation/{other.location.pk}/take_over/",
        f"onboarding/depserver/{other.dep_server.pk}/sync_now/",
        f"onboarding/depserver/{other.dep_server.pk}/read_again/",
        f"onboarding/depserver/{other.dep_server.pk}/assign_now/",
        f"onboarding/depserver/{other.dep_server.pk}/choose_profile/",
        f"onboarding/depprofile/{other.dep_profile.pk}/edit/",
        f"onboarding/depprofile/{other.dep_profile.pk}/make_default/",
        f"onboarding/depprofile/{other.dep_profile.pk}/delete_this/",
        f"onboarding/depdevice/{other.dep_device.pk}/give_profile/",
        f"onboarding/depdevice/{other.dep_device.pk}/assign_this_again/",
        f"onboarding/seamlessupload/{other.upload.pk}/retry/",
        f"onboarding/seamlessupload/{other.upload.pk}/download_failed/",
        f"onboarding/seamlessregistration/{other.registration.pk}/delete_this/",
        f"onboarding/enrolmentprofile/{other.link.pk}/revoke/",
        f"onboarding/enrolmentprofile/{other.link.pk}/download_unsigned/",
    ]

    assert {path: getattr(client, verb)(f"/admin/{path}").status_code for path in paths} == dict.fromkeys(paths, 404)


def test_filters_offer_nothing_of_another_tenant_and_find_nothing_there(tenant: Tenant, other_tenant: Tenant) -> None:
    ours, other = Furnished(tenant), Furnished(other_tenant)
    client = member(tenant)

    found = client.get("/admin/devices/device/", {"group__id__exact": str(other.group.pk)}).content.decode()
    searched = client.get("/admin/devices/device/", {"q": "phone"}).content.decode()

    assert "Theirs" not in found
    assert str(other.device.pk) not in found
    assert str(ours.device.pk) in searched
    assert str(other.device.pk) not in searched


def test_columns_cannot_be_probed_by_address(tenant: Tenant) -> None:
    Furnished(tenant)
    client = member(tenant, Role.ADMIN)

    answers = {
        f"{page} {lookup}": client.get(f"/admin/{page}/", {lookup: "a"}).status_code
        for page, lookup in (
            ("tenants/apitoken", "digest__startswith"),
            ("onboarding/enrolmentprofile", "token__startswith"),
            ("devices/device", "tenant__api_tokens__digest__startswith"),
            ("tenants/tenant", "device_authority__private_key__isnull"),
            ("tenants/apnscertificate", "private_key__isnull"),
            ("onboarding/depprofile", "token__startswith"),
            ("onboarding/depserver", "server_key__startswith"),
        )
    }

    assert answers == dict.fromkeys(answers, 400)


def test_a_filter_that_no_column_can_hold_is_left_out(tenant: Tenant, other_tenant: Tenant) -> None:
    Furnished(tenant), Furnished(other_tenant)
    client = member(tenant)

    for page, query in (
        ("onboarding/depsync", "status__exact"),
        ("onboarding/seamlessrow", "status__exact"),
        ("onboarding/seamlessupload", "source__exact"),
        ("onboarding/depdevice", "q"),
    ):
        answer = client.get(f"/admin/{page}/", {query: "a\0"}, follow=True)

        assert answer.redirect_chain == [(f"/admin/{page}/?e=1", 302)]
        assert answer.status_code == 200, page
        assert "Theirs" not in answer.content.decode(), page


def test_autocomplete_offers_only_what_is_ours(tenant: Tenant, other_tenant: Tenant) -> None:
    ours, _ = Furnished(tenant), Furnished(other_tenant)
    query = {"app_label": "devices", "model_name": "device", "field_name": "group", "term": "group"}

    answer = member(tenant).get("/admin/autocomplete/", query)

    assert answer.json()["results"] == [{"id": str(ours.group.pk), "text": "Ours group"}]


def test_the_history_of_an_object_is_the_audit_log(tenant: Tenant) -> None:
    ours = Furnished(tenant)

    answer = member(tenant).get(f"/admin/devices/device/{ours.device.pk}/history/", follow=True)

    assert answer.status_code == 200
    assert answer.redirect_chain[0][0].endswith(f"?object_type=device&object_id={ours.device.pk}")
