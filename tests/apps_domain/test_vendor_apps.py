"""GET /api/v2/tenant-esper-apps, and publishing and withdrawing on the command line."""

import hashlib
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps_domain.models import StoredFile, VendorApp, VendorAppRelease, VendorAppVersion
from apps_domain.selectors import uses
from apps_domain.services.files import store_file, sweep_files
from apps_domain.services.vendor_apps import publish_version
from tenants.models import AuditEvent, Tenant
from tests.api.seed import VENDOR_APPS
from tests.conftest import ApiClient
from tests.factories.apks import apk, certificate
from tests.factories.ipas import build, ipa
from tests.factories.tenants import ACTOR
from tests.factories.threads import all_at_once
from tests.factories.vendor_apps import VendorAppFactory, VendorAppVersionFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folder")]

BUNDLE = "org.example.kiosk"


def listed(api: ApiClient, **query: Any) -> list[dict[str, Any]]:
    answer = api.get(VENDOR_APPS, query=query)
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()["content"]["results"]
    return found


def packages(api: ApiClient, **query: Any) -> list[str]:
    return [row["package_name"] for row in listed(api, **query)]


@pytest.fixture
def publish(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def run(data: bytes, *arguments: str, name: str = "app.ipa") -> VendorAppVersion:
        path = tmp_path / name
        path.write_bytes(data)
        capsys.readouterr()
        call_command("publish_app", str(path), *arguments)
        return VendorAppVersion.objects.get(pk=capsys.readouterr().out.strip())

    return run


def nothing_is_left_but(kept: int, folder: Path) -> None:
    sweep_files()
    assert StoredFile.objects.count() == kept
    assert len([path for path in folder.rglob("*") if path.is_file()]) == kept


def test_an_ipa_is_published_with_all_documented_fields(api: ApiClient, tenant: Tenant, publish: Any) -> None:
    data = ipa()

    version = publish(data, "--tenant", str(tenant.pk), "--description", "For tills", "--release-notes", "First")

    [found] = listed(api)
    address = found.pop("app_download_url")
    assert found == {
        "tenant_id": str(tenant.pk),
        "app_version_id": str(version.pk),
        "app_id": str(version.app_id),
        "package_name": BUNDLE,
        "app_sha256_hash": hashlib.sha256(data).hexdigest(),
        "signature_hash": None,
        "architecture": "universal",
        "version_code": None,
        "created_by": version.created_by,
        "created_at": version.created_at.isoformat().replace("+00:00", "Z"),
    }
    answer = api.client.get(address.removeprefix("http://testserver"))
    assert answer.getvalue() == data
    assert (version.version_name, version.build_number, version.description) == ("1.4.2", "142", "For tills")
    assert (version.release_notes, version.icon is not None) == ("First", True)


def test_an_apk_is_published_with_what_was_read_from_it(api: ApiClient, publish: Any, folder: Path) -> None:
    version = publish(apk(files={"lib/arm64-v8a/a.so": b"\x7fELF"}), name="app.apk")

    [found] = listed(api, package_name="org.example.scanner")
    signer = hashlib.sha256(certificate("Android Release")).hexdigest()
    assert (found["version_code"], found["signature_hash"], found["architecture"]) == ("77", signer, "arm64_v8a")
    assert (version.app.platform, version.app_name, version.min_os_version) == ("ANDROID", "Shelf Scanner", "26")
    assert version.icon is not None

    both = publish(
        apk(files={"lib/arm64-v8a/a.so": b"x", "lib/x86/a.so": b"x"}), name="app.apk"
    )  # another architecture
    assert both.app_id == version.app_id
    with pytest.raises(CommandError, match=r"2\.5 \(77\) of org\.example\.scanner is published already.*versionCode"):
        publish(apk(signer="Another"), name="app.apk")
    with pytest.raises(CommandError, match="not signed"):
        publish(apk(scheme=None), name="app.apk")
    nothing_is_left_but(4, folder)


def test_a_tenant_sees_what_is_for_it_and_for_all_latest_first(
    api: ApiClient, tenant: Tenant, other_tenant: Tenant
) -> None:
    for number, tenants in enumerate([(tenant,), (other_tenant,), (None,), (tenant, other_tenant, None), ()]):
        VendorAppVersionFactory(VendorAppFactory(package_name=f"org.example.a{number}"), *tenants)

    assert packages(api) == ["org.example.a3", "org.example.a2", "org.example.a0"]
    assert packages(api, package_name="org.example.a2") == ["org.example.a2"]
    assert packages(api, package_name="org.example.a1") == []
    assert packages(api, package_name="org.example") == []


def test_android_versions_tell_their_code_and_signer(api: ApiClient, tenant: Tenant) -> None:
    app = VendorAppFactory(platform="ANDROID")
    VendorAppVersionFactory(app, tenant, build_number="77", signature_hash="ab" * 32, architecture="arm64_v8a")

    [found] = listed(api)
    assert (found["version_code"], found["signature_hash"], found["architecture"]) == ("77", "ab" * 32, "arm64_v8a")


def test_without_a_tenant_it_is_for_all(api: ApiClient, publish: Any) -> None:
    publish(ipa())

    assert packages(api) == [BUNDLE]
    assert list(VendorAppRelease.objects.values_list("tenant", flat=True)) == [None]


def test_a_further_build_is_a_version_of_the_same_app(publish: Any, folder: Path) -> None:
    first = publish(build(1))
    second = publish(build(2, CFBundleDisplayName="Kiosk Two"))

    assert first.app_id == second.app_id
    assert VendorApp.objects.get().app_name == "Kiosk Two"


def test_the_same_file_again_adds_tenants(tenant: Tenant, other_tenant: Tenant, publish: Any, folder: Path) -> None:
    data = ipa()
    first = publish(data, "--tenant", tenant.name)

    assert publish(data, "--tenant", tenant.name, "--tenant", other_tenant.name) == first

    assert {release.tenant for release in first.releases.all()} == {tenant, other_tenant}
    nothing_is_left_but(2, folder)
    with pytest.raises(CommandError, match="is published for these already"):
        publish(data, "--tenant", tenant.name)
    publish(data)
    with pytest.raises(CommandError, match="is published for all already"):
        publish(data, "--tenant", other_tenant.name)
    nothing_is_left_but(2, folder)


def test_the_same_build_from_another_file_is_refused(publish: Any, folder: Path) -> None:
    publish(build(5))

    with pytest.raises(
        CommandError, match=r"1\.4\.2 \(5\) of org\.example\.kiosk is published already.*CFBundleVersion"
    ):
        publish(build(5, CFBundleDisplayName="Other"))
    nothing_is_left_but(2, folder)


@pytest.mark.parametrize(
    ("data", "name", "arguments", "told"),
    [
        (b"PK\3\4 nonsense", "app.ipa", [], "damaged"),
        (b"text", "app.ipa", [], "no ZIP archive"),
        (ipa(), "app.apk", [], "Name the file .ipa"),
        (apk(), "app.ipa", [], "Android app"),
        (b"text", "app.txt", [], "neither an .ipa nor an .apk"),
        (b"text", "app.ipa", ["--tenant", "Nobody"], "No tenant"),
        (b"text", "app.ipa", ["--tenant", str(uuid.uuid4())], "No tenant"),
    ],
)
def test_what_cannot_be_published_is_refused_and_leaves_nothing(
    publish: Any, folder: Path, data: bytes, name: str, arguments: list[str], told: str
) -> None:
    with pytest.raises(CommandError, match=told):
        publish(data, *arguments, name=name)

    nothing_is_left_but(0, folder)
    assert not VendorApp.objects.exists()


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(CommandError, match="No such file"):
        call_command("publish_app", "/nowhere/app.ipa")


def test_a_version_is_withdrawn_from_a_tenant(api: ApiClient, tenant: Tenant, other_tenant: Tenant) -> None:
    version = VendorAppVersionFactory(VendorAppFactory(), tenant, other_tenant)

    call_command("withdraw_app", str(version.pk), "--tenant", str(tenant.pk))

    assert packages(api) == []
    assert [release.tenant for release in version.releases.all()] == [other_tenant]
    with pytest.raises(CommandError, match="not published for Ours by itself"):
        call_command("withdraw_app", str(version.pk), "--tenant", "Ours")


def test_a_version_is_released_without_its_file(api: ApiClient, tenant: Tenant, other_tenant: Tenant) -> None:
    version = VendorAppVersionFactory(VendorAppFactory(), other_tenant)

    call_command("release_app", str(version.pk), "--tenant", tenant.name)

    assert [row["app_version_id"] for row in listed(api)] == [str(version.pk)]
    with pytest.raises(CommandError, match="for these already"):
        call_command("release_app", str(version.pk), "--tenant", tenant.name)
    call_command("release_app", str(version.pk))
    assert version.releases.filter(tenant=None).exists()
    with pytest.raises(CommandError, match="for all already"):
        call_command("release_app", str(version.pk))
    with pytest.raises(CommandError, match="No version"):
        call_command("release_app", str(tenant.pk))


def test_a_version_is_withdrawn_altogether(api: ApiClient, publish: Any, folder: Path) -> None:
    version = publish(ipa())

    call_command("withdraw_app", str(version.pk))

    assert packages(api) == []
    assert VendorApp.objects.count() == 1
    nothing_is_left_but(0, folder)
    with pytest.raises(CommandError, match="No version"):
        call_command("withdraw_app", str(version.pk))
    with pytest.raises(CommandError, match="No version"):
        call_command("withdraw_app", "nonsense")


def test_a_version_in_use_stays(monkeypatch: pytest.MonkeyPatch, tenant: Tenant) -> None:
    version = VendorAppVersionFactory(VendorAppFactory(), tenant)
    monkeypatch.setattr(uses, "USERS", [lambda _: ['blueprint "Tills"']])

    for arguments in ([], ["--tenant", tenant.name]):
        with pytest.raises(CommandError, match='in use by blueprint "Tills"'):
            call_command("withdraw_app", str(version.pk), *arguments)
    assert version.releases.count() == 1


def test_the_audit_log_tells_of_it(tenant: Tenant, publish: Any) -> None:
    version = publish(ipa(), "--tenant", tenant.name)
    call_command("withdraw_app", str(version.pk), "--tenant", tenant.name)
    call_command("withdraw_app", str(version.pk))

    told = list(AuditEvent.objects.order_by("pk").values_list("action", "tenant_id"))
    assert told == [
        ("vendor_app_version.published", None),
        ("vendor_app_version.released", tenant.pk),
        ("vendor_app_version.taken_back", tenant.pk),
        ("vendor_app_version.withdrawn", None),
    ]


@pytest.mark.django_db(transaction=True)
def test_two_who_publish_the_same_at_once_make_one_version(tenant: Tenant, other_tenant: Tenant, folder: Path) -> None:
    data = ipa()

    def publish_for(who: Tenant) -> None:
        stored = store_file(chunks=[data], suffix=".ipa", limit=10**7)
        publish_version(stored=stored, tenants=[who], actor=ACTOR)

    all_at_once(lambda: publish_for(tenant), lambda: publish_for(other_tenant))

    assert {release.tenant for release in VendorAppVersion.objects.get().releases.all()} == {tenant, other_tenant}
    nothing_is_left_but(2, folder)
