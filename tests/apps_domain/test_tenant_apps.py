"""Lists, details, descriptions and deletion of a tenant's own apps."""

from pathlib import Path
from typing import Any

import pytest
from django.utils.dateparse import parse_datetime

from apps_domain.models import AppType, DeviceApp, StoredFile, TenantApp, TenantAppVersion
from apps_domain.selectors import uses
from apps_domain.services.files import sweep_files
from tenants.models import AuditEvent, Tenant
from tests.api.seed import APPS
from tests.conftest import ApiClient
from tests.factories.devices import DeviceFactory
from tests.factories.ipas import build, upload_form
from tests.factories.tenant_apps import StoredFileFactory, TenantAppFactory, TenantAppVersionFactory

APP_KEYS = {"id", "platform", "tenant_id", "package_name", "created_at", "created_by", "updated_at", "updated_by"}


@pytest.fixture
def app(tenant: Tenant) -> TenantApp:
    return TenantAppFactory(tenant, package_name="org.example.notes", app_name="Field Notes")


@pytest.fixture
def version(app: TenantApp) -> TenantAppVersion:
    return TenantAppVersionFactory(app, description="Old.", file=StoredFileFactory(size=2049, sha256="ab" * 32))


def path_of(version: TenantAppVersion) -> str:
    return f"{APPS}/{version.app_id}/versions/{version.pk}"


def test_lists_ours_latest_first(api: ApiClient, tenant: Tenant, other_tenant: Tenant) -> None:
    TenantAppFactory(other_tenant)
    first, second = TenantAppFactory(tenant), TenantAppFactory(tenant)

    results = api.get(APPS).json()["content"]["results"]

    assert [row["id"] for row in results] == [str(second.pk), str(first.pk)]
    assert set(results[0]) == APP_KEYS


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("package_name=org.example.notes", True),
        ("package_name=org.example", False),
        ("package_name=ORG.example.notes", False),
        ("app_name=field", True),
        ("app_name=NOTES", True),
        ("app_name=%25", False),
        ("app_name=x", False),
        ("platform=APPLE", True),
        ("platform=APPLE&app_name=note&package_name=org.example.notes", True),
        ("app_name=", True),
    ],
)
def test_filters(api: ApiClient, app: TenantApp, query: str, found: bool) -> None:
    assert api.get(f"{APPS}?{query}").json()["content"]["count"] == int(found)


@pytest.mark.parametrize("platform", ["ANDROID", "WINDOWS", "apple"])
def test_an_unknown_platform_is_400(api: ApiClient, app: TenantApp, platform: str) -> None:
    response = api.get(f"{APPS}?platform={platform}")

    assert response.status_code == 400
    assert response.json()["message"] == f"platform: {platform!r} is not one of APPLE."


def test_gets_one(api: ApiClient, app: TenantApp) -> None:
    content = api.get(f"{APPS}/{app.pk}").json()["content"]

    assert set(content) == APP_KEYS
    assert (content["package_name"], content["created_by"]) == ("org.example.notes", "maker")


def test_lists_versions_of_this_app(api: ApiClient, version: TenantAppVersion, tenant: Tenant) -> None:
    TenantAppVersionFactory(TenantAppFactory(tenant))
    newer = TenantAppVersionFactory(version.app, app_name="Renamed", icon=StoredFileFactory(".png"))

    page = api.get(f"{APPS}/{version.app_id}/versions").json()["content"]

    assert [row["id"] for row in page["results"]] == [str(newer.pk), str(version.pk)]
    assert page["results"][0]["app_icon_url"].startswith("http://testserver/mdm/apps/files/")
    assert page["results"][1] == {
        "id": str(version.pk),
        "app_id": str(version.app_id),
        "app_type": "TENANT_IOS",
        "tenant_id": str(version.tenant_id),
        "app_name": "Field Notes",
        "app_icon_url": None,
        "release_notes": "",
        "description": "Old.",
        "file_size_in_kb": 3,
        "device_family": ["iphone"],
        "version_name": "1.0",
        "build_number": version.build_number,
        "min_sdk_version": "",
        "created_at": page["results"][1]["created_at"],
        "updated_at": page["results"][1]["updated_at"],
        "created_by": "",
        "updated_by": "",
    }


def test_versions_are_found_by_name(api: ApiClient, version: TenantAppVersion) -> None:
    path = f"{APPS}/{version.app_id}/versions"

    assert api.get(f"{path}?app_name=FIELD").json()["content"]["count"] == 1
    assert api.get(f"{path}?app_name=other").json()["content"]["count"] == 0


def test_a_list_of_versions_asks_the_database_a_few_times(
    api: ApiClient, app: TenantApp, django_assert_max_num_queries: Any
) -> None:
    for _ in range(12):
        TenantAppVersionFactory(app, icon=StoredFileFactory(".png"))

    with django_assert_max_num_queries(7):
        assert api.get(f"{APPS}/{app.pk}/versions").json()["content"]["count"] == 12


def test_one_version_has_its_address_and_hash(api: ApiClient, version: TenantAppVersion) -> None:
    content = api.get(path_of(version)).json()["content"]

    assert content["app_sha256_hash"] == "ab" * 32
    assert content["app_download_url"].startswith("http://testserver/mdm/apps/files/")


def test_a_version_is_of_its_app(api: ApiClient, version: TenantAppVersion, tenant: Tenant) -> None:
    other = TenantAppFactory(tenant)

    for method in ("get", "delete"):
        assert api.request(method, f"{APPS}/{other.pk}/versions/{version.pk}").status_code == 404
    assert api.put(f"{APPS}/{other.pk}/versions/{version.pk}", {"description": "x"}).status_code == 404
    assert TenantAppVersion.objects.get().description == "Old."


class TestDescription:
    def test_is_all_that_changes(self, api: ApiClient, version: TenantAppVersion) -> None:
        body = {"description": "New, with <b>words</b>.", "version_name": "9", "id": "x"}

        content = api.put(path_of(version), body).json()["content"]

        row = TenantAppVersion.objects.get()
        assert content["description"] == row.description == "New, with <b>words</b>."
        assert (row.version_name, row.updated_by) == ("1.0", "caller-1")
        assert "app_download_url" not in content
        assert parse_datetime(content["updated_at"]) == row.updated_at > version.updated_at
        assert AuditEvent.objects.filter(action="tenant_app_version.described").count() == 1

    @pytest.mark.parametrize(("body", "text"), [({}, "Old."), ({"description": ""}, "")])
    def test_may_be_left_or_emptied(
        self, api: ApiClient, version: TenantAppVersion, body: dict[str, str], text: str
    ) -> None:
        assert api.put(path_of(version), body).json()["content"]["description"] == text

    @pytest.mark.parametrize("value", [None, 7 * [1], {}, "x" * 10_001, "a\0"])
    def test_must_be_a_text(self, api: ApiClient, version: TenantAppVersion, value: Any) -> None:
        assert api.put(path_of(version), {"description": value}).status_code == 400
        assert TenantAppVersion.objects.get().description == "Old."

    def test_is_not_for_viewers(self, viewer_api: ApiClient, version: TenantAppVersion) -> None:
        assert viewer_api.put(path_of(version), {"description": "x"}).status_code == 403


class TestDeletion:
    def test_takes_the_version_and_its_files(self, api: ApiClient, folder: Path) -> None:
        made = api.post(APPS, **upload_form(build(1))).json()["content"]
        path = f"{APPS}/{made['id']}/versions/{made['version_id']}"

        response = api.delete(path)

        assert response.status_code == 200
        assert response.json()["content"]["id"] == made["version_id"]
        assert set(StoredFile.objects.values_list("state", flat=True)) == {"doomed"}
        assert sweep_files() == 2
        assert not StoredFile.objects.exists()
        assert [each for each in folder.rglob("*") if each.is_file()] == []
        assert api.delete(path).status_code == 404

    def test_of_the_last_version_leaves_the_app(self, api: ApiClient, version: TenantAppVersion) -> None:
        api.delete(path_of(version))

        assert api.get(f"{APPS}/{version.app_id}").status_code == 200
        assert api.get(f"{APPS}/{version.app_id}/versions").json()["content"]["results"] == []

    def test_lets_the_same_build_in_again(self, api: ApiClient, folder: Path) -> None:
        made = api.post(APPS, **upload_form(build(1))).json()["content"]
        api.delete(f"{APPS}/{made['id']}/versions/{made['version_id']}")

        again = api.post(APPS, **upload_form(build(1)))

        assert again.status_code == 200
        assert again.json()["content"]["id"] == made["id"]

    def test_leaves_devices_as_they_are(self, api: ApiClient, version: TenantAppVersion) -> None:
        DeviceApp.objects.create(
            tenant=version.tenant,
            device=DeviceFactory(tenant=version.tenant),
            app_type=AppType.TENANT_IOS,
            app_id=version.app_id,
            app_version_id=version.pk,
            bundle_id="org.example.notes",
            app_config=b"",
        )

        assert api.delete(path_of(version)).status_code == 200
        assert DeviceApp.objects.count() == 1

    def test_is_refused_while_something_needs_it(
        self, api: ApiClient, version: TenantAppVersion, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(uses, "USERS", [lambda row: ['blueprint "Kiosk"', 'blueprint "Shop"']])

        response = api.delete(path_of(version))

        assert response.status_code == 400
        assert response.json()["message"].startswith('This version is in use by blueprint "Kiosk", blueprint "Shop".')
        assert TenantAppVersion.objects.count() == 1
        assert StoredFile.objects.get().state == "kept"

    def test_is_not_for_viewers(self, viewer_api: ApiClient, version: TenantAppVersion) -> None:
        assert viewer_api.delete(path_of(version)).status_code == 403
