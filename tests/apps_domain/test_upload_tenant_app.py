"""Uploads of apps over HTTP: what is stored, what is refused, and that nothing is left of what was refused."""

import hashlib
import plistlib
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.core.files.storage import storages
from pytest_django import Settings

from apps_domain.models import StoredFile, TenantApp, TenantAppVersion
from apps_domain.services.files import CHUNK
from tenants.models import AuditEvent, Tenant
from tests.api.seed import APPS
from tests.api.test_errors import Endless
from tests.conftest import ApiClient
from tests.factories.ipas import APP, build, ipa, packed, program, upload_form
from tests.factories.tenants import token_for
from tests.factories.threads import all_at_once

pytestmark = pytest.mark.usefixtures("folder")


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def upload(api: ApiClient, file: bytes, **fields: Any) -> Any:
    return api.post(APPS, **upload_form(file, **fields))


def refused(api: ApiClient, folder: Path, file: bytes, status: int = 400, **fields: Any) -> str:
    """What the refusal says; nothing is left of it."""
    before = StoredFile.objects.count(), len(files_in(folder)), TenantApp.objects.count()
    response = upload(api, file, **fields)

    assert response.status_code == status, response.content
    assert (StoredFile.objects.count(), len(files_in(folder)), TenantApp.objects.count()) == before
    message: str = response.json()["message"]
    assert len(message) < 450
    return message


def test_stores_an_app_and_its_first_version(api: ApiClient, tenant: Tenant, folder: Path) -> None:
    file = ipa()

    response = upload(api, file)

    content = response.json()["content"]
    app, version = TenantApp.objects.get(), TenantAppVersion.objects.get()
    assert response.status_code == 200
    assert content == {
        "id": str(app.pk),
        "version_id": str(version.pk),
        "app_name": "Example Kiosk",
        "platform": "APPLE",
        "tenant_id": str(tenant.pk),
        "package_name": "org.example.kiosk",
        "created_at": content["created_at"],
        "created_by": "caller-1",
        "updated_at": content["updated_at"],
        "updated_by": "caller-1",
    }
    assert (version.file.state, version.file.size) == ("kept", len(file))
    assert version.file.sha256 == hashlib.sha256(file).hexdigest()
    assert (folder / version.file.name).read_bytes() == file
    assert version.icon is not None
    assert (folder / version.icon.name).read_bytes().startswith(b"\x89PNG")
    assert len(files_in(folder)) == 2
    assert AuditEvent.objects.get(action="tenant_app_version.created").tenant_id == tenant.pk


def test_keeps_what_was_read(api: ApiClient) -> None:
    upload(api, ipa())

    version = TenantAppVersion.objects.get()
    assert (version.version_name, version.build_number, version.min_os_version) == ("1.4.2", "142", "15.0")
    assert version.device_family == ["iphone", "ipad"]
    assert (version.signing["kind"], version.signing["team"]) == ("enterprise", "Example Org")
    assert version.signing_expires_at is not None
    assert version.signing["expires_at"] == version.signing_expires_at.isoformat() == "2099-05-01T12:00:00+00:00"


def test_hashes_of_parts_for_the_manifest(api: ApiClient, folder: Path) -> None:
    noise = Random(1).randbytes(360_000 * 64)
    file = ipa(files={f"{APP}noise": noise})
    assert 2 * CHUNK < len(file) < 3 * CHUNK

    upload(api, file)

    hashes = TenantAppVersion.objects.get().chunk_hashes
    parts = [file[at : at + CHUNK] for at in range(0, len(file), CHUNK)]
    assert hashes == {"size": CHUNK, "sha256s": [hashlib.sha256(part).hexdigest() for part in parts]}


def test_the_same_app_again_is_a_version_of_it(api: ApiClient) -> None:
    first = upload(api, build(1)).json()["content"]
    second = upload(api, build(2, CFBundleDisplayName="Renamed")).json()["content"]

    assert first["id"] == second["id"]
    assert first["version_id"] != second["version_id"]
    assert TenantApp.objects.get().app_name == "Renamed"


def test_the_same_build_again_is_refused_and_named(api: ApiClient, folder: Path) -> None:
    upload(api, build(7))

    message = refused(api, folder, build(7, CFBundleDisplayName="Other"))

    assert "1.4.2 (7) of org.example.kiosk" in message
    assert TenantApp.objects.get().app_name == "Example Kiosk"


def test_another_tenant_has_its_own(api: ApiClient, other_api: ApiClient, other_tenant: Tenant) -> None:
    first = upload(api, build(1)).json()["content"]
    second = upload(other_api, build(1)).json()["content"]

    assert first["id"] != second["id"]
    assert second["tenant_id"] == str(other_tenant.pk)


def test_a_viewer_may_not_upload(viewer_api: ApiClient, folder: Path) -> None:
    assert "role operator" in refused(viewer_api, folder, ipa(), 403)


def test_the_platform_need_not_be_named(api: ApiClient) -> None:
    form = upload_form(ipa())
    form["body"] = form["body"].replace(b'name="platform"', b'name="x"')

    assert api.post(APPS, **form).status_code == 200


@pytest.mark.parametrize("platform", ["ANDROID", "WINDOWS", "apple", "\0"])
def test_another_platform_is_refused(api: ApiClient, folder: Path, platform: str) -> None:
    assert "platform" in refused(api, folder, ipa(), platform=platform)


NO_APPS: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "text": lambda: b"hello",
    "a property list": lambda: plistlib.dumps({}),
    "half of it": lambda: ipa()[:-500],
    "a zip": lambda: packed({"a": b"b"}),
    "an apk": lambda: packed({"AndroidManifest.xml": b"x"}),
    "a store app": lambda: ipa(files={f"{APP}Kiosk": program(cryptid=1)}),
    "a way out": lambda: ipa(files={"../x": b"x"}),
    "a bad icon and no build": lambda: ipa(without="CFBundleVersion"),
}


@pytest.mark.parametrize("name", NO_APPS)
def test_what_is_no_app_is_refused(api: ApiClient, folder: Path, name: str) -> None:
    assert refused(api, folder, NO_APPS[name]()).endswith(".")


def test_a_form_without_a_file_is_refused(api: ApiClient, folder: Path) -> None:
    form = upload_form(ipa())

    for wrong in (b'name="other"', b'name="file "', b'name="File"'):
        response = api.post(APPS, **{**form, "body": form["body"].replace(b'name="file"', wrong)})
        if wrong != b'name="file "':
            assert "Send the .ipa file" in response.json()["message"]
    assert StoredFile.objects.exclude(state="kept").count() == 0


def test_a_file_as_a_text_is_refused(api: ApiClient) -> None:
    form = upload_form(ipa())
    body = form["body"].replace(b'; filename="Kiosk.ipa"', b"")

    assert api.post(APPS, **{**form, "body": body}).status_code == 400


def test_two_files_are_refused(api: ApiClient, folder: Path) -> None:
    form = upload_form(ipa())
    start, end = (
        form["body"].index(b'--BoUnDaRyStRiNg\r\nContent-Disposition: form-data; name="file"'),
        b"--BoUnDaRyStRiNg--\r\n",
    )
    part = form["body"][start : -len(end)]

    response = api.post(APPS, **{**form, "body": form["body"][: -len(end)] + part + end})

    assert response.status_code == 400
    assert "several files" in response.json()["message"]
    assert files_in(folder) == []
    assert not StoredFile.objects.exists()


def test_a_form_that_is_cut_off_leaves_nothing(api: ApiClient, folder: Path) -> None:
    form = upload_form(ipa())

    for cut in (1, 10, 100, 1000, len(form["body"]) - 300):
        response = api.post(APPS, **{**form, "body": form["body"][:-cut]})
        assert response.status_code in (200, 400)
    assert len(files_in(folder)) == StoredFile.objects.filter(state="kept").count()


def test_a_file_that_is_too_large_is_413(api: ApiClient, folder: Path, settings: Settings) -> None:
    settings.APP_UPLOAD_MAX = 3000

    assert refused(api, folder, ipa(), 413) == "The file is larger than 3000 bytes."


def test_a_form_that_says_it_is_too_large_is_not_read(api: ApiClient, settings: Settings) -> None:
    settings.APP_UPLOAD_MAX = 3000
    body = Endless()
    told: Any = {"CONTENT_LENGTH": str(10**12), "CONTENT_TYPE": "multipart/form-data; boundary=x", "wsgi.input": body}

    response: Any = api.client.generic("POST", APPS, headers=api.headers, **told)

    assert response.status_code == 413
    assert body.taken == 0


def test_other_routes_keep_their_limit(api: ApiClient, settings: Settings) -> None:
    settings.API_MAX_BODY = 1000
    response = api.put(f"{APPS}/x/versions/y", {"description": "x" * 2000})

    assert response.status_code == 413


def test_a_storage_that_fails_leaves_nothing(api: ApiClient, folder: Path) -> None:
    """Its folder is a file."""
    folder.write_bytes(b"")

    response = upload(api, ipa())

    assert response.status_code == 500
    assert not TenantApp.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_uploads_of_one_build_one_wins(
    tenant: Tenant, folder: Path, django_capture_on_commit_callbacks: Any
) -> None:
    token = token_for(tenant)[1]
    statuses: list[int] = []

    def act() -> None:
        caller = ApiClient(tenant, token, django_capture_on_commit_callbacks)
        response: Any = caller.client.generic("POST", APPS, *_raw(upload_form(build(3))), headers=caller.headers)
        statuses.append(response.status_code)

    all_at_once(act, act, act)

    assert sorted(statuses) == [200, 400, 400]
    assert TenantAppVersion.objects.count() == 1
    assert StoredFile.objects.filter(state="kept").count() == StoredFile.objects.count() == 2
    assert len(files_in(folder)) == 2


def _raw(form: dict[str, Any]) -> tuple[bytes, str]:
    return form["body"], form["content_type"]


def test_the_storage_is_the_one_of_the_settings(folder: Path) -> None:
    assert Path(storages["apps"].location) == folder  # type: ignore[attr-defined]
