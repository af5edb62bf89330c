"""DEP profiles over HTTP: what is stored, what is told, and who may."""

from typing import Any

import pytest

from onboarding.apple.setup_panes import ALL_PANES, PANES, skipped
from onboarding.models import DepProfile, DepProfileDefinition
from onboarding.services.dep.profiles import default_profile
from tenants.models import AuditEvent, Tenant
from tests.api.ours import DEP_PROFILES
from tests.conftest import ApiClient
from tests.factories.dep_rows import DepProfileFactory, DepServerFactory
from tests.factories.threads import all_at_once


def test_a_profile_is_made_and_is_the_default(api: ApiClient, tenant: Tenant, other_tenant: Tenant) -> None:
    before, theirs = DepProfileFactory(tenant), DepProfileFactory(other_tenant)
    server, their_server = DepServerFactory(tenant), DepServerFactory(other_tenant)

    response = api.post(DEP_PROFILES, {"show_setup_items": ["Siri", "AppleID"], "auto_advance_setup": False})

    made = DepProfile.objects.get(tenant=tenant, is_default=True)
    assert response.status_code == 200
    assert response.json() == {
        "code": 200,
        "message": "DEP profile created",
        "content": {
            "id": str(made.pk),
            "profile_uuid": "",
            "show_setup_items": ["AppleID", "Siri"],
            "auto_advance_setup": False,
            "created_by": made.created_by,
            "updated_by": made.updated_by,
            "created_at": response.json()["content"]["created_at"],
            "updated_at": response.json()["content"]["updated_at"],
        },
    }
    assert made.pk != before.pk
    assert made.created_by == made.updated_by != ""
    assert list(DepProfile.objects.filter(is_default=True, tenant=other_tenant)) == [theirs]
    server.refresh_from_db()
    their_server.refresh_from_db()
    assert server.assign_due_at is not None
    assert their_server.assign_due_at is None
    event = AuditEvent.objects.get(action="dep_profile.created", tenant_id=tenant.pk)
    assert event.object_id == str(made.pk)


@pytest.mark.parametrize("body", [None, {}, {"show_setup_items": []}, {"unknown": 1}])
def test_without_panes_all_are_skipped(api: ApiClient, body: Any) -> None:
    response = api.post(DEP_PROFILES, body)

    assert response.status_code == 200, response.content
    content = response.json()["content"]
    assert (content["show_setup_items"], content["auto_advance_setup"]) == ([], True)
    assert skipped(content["show_setup_items"]) == list(ALL_PANES)


def test_every_documented_pane_may_be_shown(api: ApiClient) -> None:
    response = api.post(DEP_PROFILES, {"show_setup_items": sorted(PANES)})

    assert response.status_code == 200
    assert len(PANES) == len(set(PANES)) == 45
    assert set(response.json()["content"]["show_setup_items"]) == set(PANES)
    assert not set(skipped(PANES)) & set(PANES)


@pytest.mark.parametrize(
    "body",
    [
        {"show_setup_items": ["Siri", "Siri"]},
        {"show_setup_items": ["siri"]},
        {"show_setup_items": ["FileVault"]},  # Apple's, but not the API's
        {"show_setup_items": "Siri"},
        {"show_setup_items": {"Siri": True}},
        {"show_setup_items": [["Siri"]]},
        {"show_setup_items": [None]},
        {"show_setup_items": None},
        {"show_setup_items": [*PANES, "Siri"]},
        {"auto_advance_setup": "perhaps"},
        {"auto_advance_setup": None},
        {"auto_advance_setup": []},
        [],
        "text",
        b"{",
    ],
)
def test_what_makes_no_sense_changes_nothing(api: ApiClient, tenant: Tenant, body: Any) -> None:
    kept = DepProfileFactory(tenant)

    response = api.post(DEP_PROFILES, body)

    assert response.status_code == 400
    assert list(DepProfile.objects.filter(is_default=True)) == [kept]


def test_who_may_not_write_changes_nothing(api: ApiClient, viewer_api: ApiClient) -> None:
    assert viewer_api.post(DEP_PROFILES, {}).status_code == 403
    assert api.post(DEP_PROFILES, {}, without="Authorization").status_code == 401
    assert api.put(DEP_PROFILES, {}).status_code == 405
    assert not DepProfile.objects.exists()


def test_lists_our_profiles_latest_first(viewer_api: ApiClient, tenant: Tenant, other_tenant: Tenant) -> None:
    first, second = DepProfileFactory(tenant), DepProfileFactory(tenant, is_default=False)
    theirs = DepProfileFactory(other_tenant)
    old, new = DepServerFactory(tenant), DepServerFactory(tenant)
    for profile, server, told in ((first, old, "OLD"), (first, new, "NEW"), (second, new, "")):
        DepProfileDefinition.objects.create(profile=profile, server=server, profile_uuid=told)
    DepProfileDefinition.objects.create(profile=theirs, server=DepServerFactory(other_tenant), profile_uuid="THEIRS")

    content = viewer_api.get(DEP_PROFILES).json()["content"]

    assert (content["count"], content["previous"], content["next"]) == (2, None, None)
    listed = [(each["id"], each["profile_uuid"]) for each in content["results"]]
    assert listed == [(str(second.pk), ""), (str(first.pk), "NEW")]


def test_pages_of_the_list(viewer_api: ApiClient, tenant: Tenant) -> None:
    made = [DepProfileFactory(tenant, is_default=number == 0) for number in range(3)]

    content = viewer_api.get(DEP_PROFILES, query={"limit": 1, "offset": 1}).json()["content"]

    assert [each["id"] for each in content["results"]] == [str(made[1].pk)]
    assert "offset=2" in content["next"]
    assert "offset=0" in content["previous"]
    assert viewer_api.get(DEP_PROFILES, query={"limit": "x"}).status_code == 400


@pytest.mark.django_db(transaction=True)
def test_made_at_once_one_of_them_is_the_default(tenant: Tenant) -> None:
    all_at_once(*[lambda: default_profile(tenant)] * 4)

    assert DepProfile.objects.filter(tenant=tenant).count() == 1
    assert DepProfile.objects.get(tenant=tenant).show_setup_items == []
