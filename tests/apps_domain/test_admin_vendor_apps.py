"""Published apps in the console: superusers publish and withdraw, members look."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps_domain.models import AppType, DeviceApp, StoredFile, VendorApp, VendorAppVersion
from tenants.models import AuditEvent, Role, Tenant
from tests.factories.apks import apk
from tests.factories.console import member, superuser
from tests.factories.devices import DeviceFactory
from tests.factories.ipas import ipa
from tests.factories.tenant_apps import StoredFileFactory
from tests.factories.vendor_apps import VendorAppFactory, VendorAppVersionFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folder")]

LIST = "/admin/apps_domain/vendorapp/"
PUBLISH = f"{LIST}publish/"


@pytest.fixture
def version(tenant: Tenant) -> VendorAppVersion:
    app = VendorAppFactory(app_name="Shelf Scanner")
    return VendorAppVersionFactory(
        app, tenant, version_name="3.1", icon=StoredFileFactory(".png"), release_notes="Faster"
    )


def page_of(app: VendorApp) -> str:
    return f"{LIST}{app.pk}/change/"


def text_of(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def publish(client: Client, file: bytes, name: str = "x.ipa", **fields: Any) -> Any:
    return client.post(
        PUBLISH, {**fields, "file": SimpleUploadedFile(name, file)}, headers={"Accept": "application/json"}
    )


def test_members_see_what_is_for_their_tenant(tenant: Tenant, other_tenant: Tenant, version: VendorAppVersion) -> None:
    VendorAppVersionFactory(VendorAppFactory(app_name="For all"), None)
    VendorAppVersionFactory(VendorAppFactory(app_name="Foreign"), other_tenant)
    VendorAppVersionFactory(version.app, other_tenant, version_name="9.9-secret")

    text = text_of(member(tenant, Role.VIEWER), LIST)
    assert "Shelf Scanner" in text
    assert "For all" in text
    assert "3.1" in text
    assert "Foreign" not in text
    assert "9.9-secret" not in text
    assert "publish/" not in text
    everything = text_of(superuser(), LIST)
    assert "Foreign" in everything
    assert "9.9-secret" in everything
    assert PUBLISH in everything or "publish" in everything


def test_a_members_page_shows_their_versions_and_devices(
    tenant: Tenant, other_tenant: Tenant, version: VendorAppVersion
) -> None:
    VendorAppVersionFactory(version.app, other_tenant, version_name="9.9-secret")
    for owner, name in ((tenant, "Till 7"), (other_tenant, "Foreign till")):
        DeviceApp.objects.create(
            tenant=owner,
            device=DeviceFactory(tenant=owner, name=name),
            app_type=AppType.ESPER_IOS,
            app_id=version.app_id,
            app_version_id=version.pk,
            bundle_id=version.app.package_name,
            app_config=None,
        )

    text = text_of(member(tenant, Role.VIEWER), page_of(version.app))
    assert "Till 7" in text
    assert "Faster" in text
    assert "Ours" in text
    assert "/mdm/apps/files/" in text
    assert "Foreign till" not in text
    assert "9.9-secret" not in text
    assert "Theirs" not in text
    assert "/withdraw/" not in text
    assert "Install on devices" not in text
    assert f"known-app_version={version.pk}" in text_of(member(tenant), page_of(version.app))


def test_a_superusers_page_shows_all(other_tenant: Tenant, version: VendorAppVersion) -> None:
    VendorAppVersionFactory(version.app, other_tenant, version_name="9.9-secret")

    text = text_of(superuser(), page_of(version.app))
    assert "9.9-secret" in text
    assert "Theirs" in text
    assert "/withdraw/" in text


def test_a_page_for_another_tenant_is_not_there(other_tenant: Tenant, version: VendorAppVersion) -> None:
    response = member(other_tenant, Role.ADMIN).get(page_of(version.app))

    assert response.status_code == 302
    assert "Shelf Scanner" not in response.content.decode()


def test_an_app_without_versions_or_tenants(version: VendorAppVersion) -> None:
    VendorAppVersion.objects.all().delete()

    assert "no version" in text_of(superuser(), page_of(version.app))


def test_a_superuser_publishes(tenant: Tenant, other_tenant: Tenant) -> None:
    client = superuser()
    assert "data-upload" in text_of(client, PUBLISH)

    answer = publish(client, ipa(), tenants=[str(tenant.pk)], description="For tills", release_notes="First")

    version = VendorAppVersion.objects.get()
    assert answer.json() == {"address": page_of(version.app)}
    assert [release.tenant for release in version.releases.all()] == [tenant]
    assert (version.description, version.release_notes, version.created_by) == ("For tills", "First", "root")
    assert AuditEvent.objects.get(action="vendor_app_version.published").actor_kind == "console"
    assert publish(client, apk(), name="Scanner.APK").status_code == 200
    assert set(VendorApp.objects.values_list("platform", flat=True)) == {"APPLE", "ANDROID"}
    assert "API level 26" in text_of(client, page_of(VendorApp.objects.get(platform="ANDROID")))


@pytest.mark.parametrize(
    ("file", "name", "told"),
    [(b"PK\3\4", "x.ipa", "damaged"), (ipa(), "x.zip", ".ipa or .apk"), (b"text", "x.apk", "ZIP")],
)
def test_a_refusal_is_said_and_leaves_nothing(file: bytes, name: str, told: str) -> None:
    answer = publish(superuser(), file, name)

    assert answer.status_code == 400
    assert told in answer.json()["message"]
    assert not StoredFile.objects.exists()


def test_members_publish_and_withdraw_nothing(tenant: Tenant, version: VendorAppVersion) -> None:
    before = StoredFile.objects.count()
    admin = member(tenant, Role.ADMIN)

    assert admin.get(PUBLISH).status_code == 404
    assert publish(admin, ipa()).status_code == 404
    assert admin.post(f"{LIST}{version.app_id}/versions/{version.pk}/withdraw/").status_code == 404
    assert admin.post(page_of(version.app), {}).status_code in (403, 302)
    assert (StoredFile.objects.count(), VendorAppVersion.objects.count()) == (before, 1)


def test_a_superuser_withdraws(version: VendorAppVersion) -> None:
    client, path = superuser(), f"{LIST}{version.app_id}/versions/{version.pk}/withdraw/"

    assert "It is on no device." in text_of(client, path)
    assert client.post(path).status_code == 302
    assert not VendorAppVersion.objects.exists()
    assert client.post(path).status_code == 404
