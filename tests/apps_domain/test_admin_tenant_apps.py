"""A tenant's own apps in the console: listed, uploaded, deleted."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from apps_domain.models import AppType, DeviceApp, StoredFile, TenantApp, TenantAppVersion
from apps_domain.selectors import uses
from tenants.models import AuditEvent, Role, Tenant
from tests.factories.console import member, superuser
from tests.factories.devices import DeviceFactory
from tests.factories.ipas import ipa
from tests.factories.tenant_apps import StoredFileFactory, TenantAppFactory, TenantAppVersionFactory

LIST = "/admin/apps_domain/tenantapp/"
UPLOAD = f"{LIST}upload/"
JSON = {"Accept": "application/json"}


@pytest.fixture
def version(tenant: Tenant) -> TenantAppVersion:
    app = TenantAppFactory(tenant, app_name="Field Notes", package_name="org.example.notes")
    signing = {"team": "Example Org", "kind": "ad hoc", "devices": 12}
    return TenantAppVersionFactory(
        app, icon=StoredFileFactory(".png"), signing=signing, signing_expires_at=timezone.now() + dt.timedelta(days=9)
    )


def page_of(app: TenantApp) -> str:
    return f"{LIST}{app.pk}/change/"


def send(client: Client, tenant: Tenant, file: bytes | None = None, **options: Any) -> Any:
    parts: dict[str, Any] = {
        "tenant": str(tenant.pk),
        "file": SimpleUploadedFile("x.ipa", ipa() if file is None else file),
    }
    return client.post(UPLOAD, parts, **options)


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_lists_our_apps_only(tenant: Tenant, other_tenant: Tenant, version: TenantAppVersion) -> None:
    TenantAppFactory(other_tenant, app_name="Foreign")

    text = member(tenant, Role.VIEWER).get(LIST).content.decode()

    assert "Field Notes" in text
    assert "org.example.notes" in text
    assert "expires soon" in text
    assert 'src="/mdm/apps/files/' in text
    assert "Foreign" not in text
    assert "Foreign" in superuser().get(LIST).content.decode()


def test_a_list_asks_the_database_a_few_times(tenant: Tenant, django_assert_max_num_queries: Any) -> None:
    for _ in range(10):
        app = TenantAppFactory(tenant)
        TenantAppVersionFactory(app, icon=StoredFileFactory(".png"), app_name="Older")
        TenantAppVersionFactory(app, icon=StoredFileFactory(".png"), version_name="2.7")
    client = member(tenant)

    with django_assert_max_num_queries(30):
        text = client.get(LIST).content.decode()

    assert text.count("2.7") == 10


def test_a_page_shows_versions_and_devices(tenant: Tenant, version: TenantAppVersion) -> None:
    device = DeviceFactory(tenant=tenant, name="Till 7")
    DeviceApp.objects.create(
        tenant=tenant,
        device=device,
        app_type=AppType.TENANT_IOS,
        app_id=version.app_id,
        app_version_id=version.pk,
        bundle_id="org.example.notes",
        version="1.0",
        app_config=b"",
    )

    text = member(tenant, Role.VIEWER).get(page_of(version.app)).content.decode()

    assert "ad hoc, 12 devices until" in text
    assert "Till 7" in text
    assert "/mdm/apps/files/" in text
    assert "/delete/" not in text.split("<h2>Versions</h2>")[1]


def test_a_page_of_another_tenant_is_not_there(other_tenant: Tenant, version: TenantAppVersion) -> None:
    response = member(other_tenant).get(page_of(version.app))

    assert response.status_code == 302
    assert "Field Notes" not in response.content.decode()


@pytest.mark.parametrize(
    ("days", "label"), [(-1, "expired"), (5, "expires soon"), (300, "signed"), (None, "no profile")]
)
def test_the_end_of_signing(tenant: Tenant, version: TenantAppVersion, days: int | None, label: str) -> None:
    end = None if days is None else timezone.now() + dt.timedelta(days=days)
    TenantAppVersion.objects.update(signing_expires_at=end)

    assert f">{label}</span>" in member(tenant).get(LIST).content.decode()


class TestUpload:
    def test_stores_the_app_and_leads_to_it(self, tenant: Tenant, folder: Path) -> None:
        client = member(tenant)
        assert "data-upload" in client.get(UPLOAD).content.decode()

        response = send(client, tenant)

        app = TenantApp.objects.get()
        assert (response.status_code, response.headers["Location"]) == (302, page_of(app))
        assert app.tenant == tenant
        assert len(files_in(folder)) == 2
        assert AuditEvent.objects.get(action="tenant_app_version.created").actor_kind == "console"

    def test_with_the_script_the_answer_is_an_address(self, tenant: Tenant, folder: Path) -> None:
        response = send(member(tenant), tenant, headers=JSON)

        assert response.json() == {"address": page_of(TenantApp.objects.get())}

    @pytest.mark.parametrize("file", [b"", b"hello", b"PK\x03\x04" + bytes(100)])
    def test_a_refusal_is_said_and_leaves_nothing(self, tenant: Tenant, folder: Path, file: bytes) -> None:
        client = member(tenant)

        plain, scripted = send(client, tenant, file), send(client, tenant, file, headers=JSON)

        assert plain.status_code == 200
        assert scripted.status_code == 400
        assert scripted.json()["message"]
        assert files_in(folder) == []
        assert not StoredFile.objects.exists()

    def test_a_file_that_is_too_large(self, tenant: Tenant, folder: Path, settings: Settings) -> None:
        settings.APP_UPLOAD_MAX = 2000

        assert send(member(tenant), tenant, headers=JSON).status_code == 413
        assert not StoredFile.objects.exists()

    def test_is_not_for_viewers(self, tenant: Tenant, folder: Path) -> None:
        viewer = member(tenant, Role.VIEWER)

        assert viewer.get(UPLOAD).status_code == 404
        assert send(viewer, tenant).status_code == 404
        assert not StoredFile.objects.exists()

    def test_is_not_for_another_tenant(self, tenant: Tenant, other_tenant: Tenant, folder: Path) -> None:
        response = send(member(tenant), other_tenant, headers=JSON)

        assert response.status_code == 400
        assert not TenantApp.objects.exists()
        assert files_in(folder) == []

    def test_needs_the_token_of_the_form(self, tenant: Tenant, folder: Path) -> None:
        client = member(tenant)
        strict = Client(enforce_csrf_checks=True)
        strict.cookies = client.cookies

        assert send(strict, tenant).status_code == 403
        assert files_in(folder) == []
        assert not StoredFile.objects.exists()

    def test_without_a_session_nothing_is_read(self, tenant: Tenant, folder: Path) -> None:
        response = send(Client(), tenant)

        assert response.status_code == 302
        assert "/login/" in response.headers["Location"]
        assert not StoredFile.objects.exists()


class TestDeletion:
    def path_of(self, version: TenantAppVersion) -> str:
        return f"{LIST}{version.app_id}/versions/{version.pk}/delete/"

    def test_asks_first(self, tenant: Tenant, version: TenantAppVersion) -> None:
        client = member(tenant)

        assert "It is on no device." in client.get(self.path_of(version)).content.decode()
        assert TenantAppVersion.objects.exists()
        assert client.post(self.path_of(version)).status_code == 302
        assert not TenantAppVersion.objects.exists()

    def test_says_what_needs_it(
        self, tenant: Tenant, version: TenantAppVersion, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(uses, "USERS", [lambda row: ['blueprint "Kiosk"']])

        response = member(tenant).post(self.path_of(version), follow=True)

        assert "in use by blueprint" in response.content.decode()
        assert TenantAppVersion.objects.exists()

    def test_is_for_operators_of_the_tenant(
        self, tenant: Tenant, other_tenant: Tenant, version: TenantAppVersion
    ) -> None:
        for client in (member(tenant, Role.VIEWER), member(other_tenant, Role.ADMIN)):
            assert client.post(self.path_of(version)).status_code == 404
        assert TenantAppVersion.objects.exists()
