"""Files by signed addresses: whole, in parts, for a time; and nothing without the signature."""

import datetime as dt
import hashlib
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from apps_domain.models import StoredFile, TenantAppVersion
from tenants.models import Tenant
from tests.api.seed import APPS
from tests.conftest import ApiClient
from tests.factories.ipas import ipa, upload_form

FILE = ipa()
TAG = f'"{hashlib.sha256(FILE).hexdigest()}"'
pytestmark = pytest.mark.usefixtures("folder")


@pytest.fixture
def version(api: ApiClient) -> dict[str, Any]:
    """An uploaded one, as the API tells it."""
    made = api.post(APPS, **upload_form(FILE)).json()["content"]
    told: dict[str, Any] = api.get(f"{APPS}/{made['id']}/versions/{made['version_id']}").json()["content"]
    return told


def path_of(url: str) -> str:
    assert url.startswith("http://testserver/mdm/apps/files/")
    return url.removeprefix("http://testserver")


def fetch(url: str, method: str = "get", **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return getattr(Client(), method)(path_of(url), headers=named)


def body(response: Any) -> bytes:
    return response.getvalue() if response.streaming else response.content  # type: ignore[no-any-return]


def test_the_whole_file(version: dict[str, Any]) -> None:
    response = fetch(version["app_download_url"])

    assert (response.status_code, body(response)) == (200, FILE)
    assert response.headers["Content-Length"] == str(len(FILE))
    assert response.headers["ETag"] == TAG == f'"{version["app_sha256_hash"]}"'
    assert response.headers["Content-Disposition"] == 'attachment; filename="Example-Kiosk-1.4.2.ipa"'
    assert response.headers["Accept-Ranges"] == "bytes"


def test_the_icon(version: dict[str, Any]) -> None:
    response = fetch(version["app_icon_url"])

    assert (response.status_code, response.headers["Content-Type"]) == (200, "image/png")
    assert body(response).startswith(b"\x89PNG")


def test_head_tells_all_but_the_file(version: dict[str, Any]) -> None:
    response = fetch(version["app_download_url"], "head")

    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["Content-Length"] == str(len(FILE))


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=100-", 100, len(FILE)),
        ("bytes=-7", len(FILE) - 7, len(FILE)),
        (f"bytes=5-{10**15}", 5, len(FILE)),
        (f"bytes=-{10**15}", 0, len(FILE)),
        ("Bytes = 1-2", 1, 3),
    ],
    ids=["first", "middle", "rest", "last", "too far", "all", "spaces"],
)
def test_a_part_of_it(version: dict[str, Any], asked: str, start: int, stop: int) -> None:
    response = fetch(version["app_download_url"], Range=asked)

    assert (response.status_code, body(response)) == (206, FILE[start:stop])
    assert response.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(FILE)}"
    assert response.headers["Content-Length"] == str(stop - start)


@pytest.mark.parametrize(
    "asked", [f"bytes={len(FILE)}-", "bytes=999999999-9999999999", "bytes=-0"], ids=["behind", "far behind", "nothing"]
)
def test_a_part_behind_its_end_is_416(version: dict[str, Any], asked: str) -> None:
    response = fetch(version["app_download_url"], Range=asked)

    assert response.status_code == 416
    assert response.headers["Content-Range"] == f"bytes */{len(FILE)}"


@pytest.mark.parametrize(
    "asked",
    ["bytes=0-1,5-6", "bytes=", "bytes=-", "bytes=5-2", "lines=1-2", "x", "bytes=a-b", "bytes=" + "9" * 50 + "-"],
)
def test_what_is_no_part_is_the_whole(version: dict[str, Any], asked: str) -> None:
    response = fetch(version["app_download_url"], Range=asked)

    assert (response.status_code, body(response)) == (200, FILE)


@pytest.mark.parametrize(
    ("condition", "status"),
    [(TAG, 206), ('"other"', 200), (f"W/{TAG}", 200), ("Mon, 1 Jan", 200)],
    ids=["this", "other", "weak", "date"],
)
def test_a_part_of_another_file_is_the_whole(version: dict[str, Any], condition: str, status: int) -> None:
    response = fetch(version["app_download_url"], Range="bytes=0-4", If_Range=condition)

    assert response.status_code == status
    body(response)


def test_what_the_caller_has_is_304(version: dict[str, Any]) -> None:
    response = fetch(version["app_download_url"], If_None_Match=TAG)

    assert (response.status_code, response.content) == (304, b"")


@pytest.mark.parametrize("method", ["post", "put", "delete", "options"])
def test_files_are_only_read(version: dict[str, Any], method: str) -> None:
    assert fetch(version["app_download_url"], method).status_code == 405


def test_an_address_ends(version: dict[str, Any], settings: Settings) -> None:
    with time_machine.travel(timezone.now() + dt.timedelta(seconds=settings.DOWNLOAD_URL_SECONDS - 5), tick=False):
        body(fetch(version["app_download_url"]))
    with time_machine.travel(timezone.now() + dt.timedelta(seconds=settings.DOWNLOAD_URL_SECONDS * 1.3), tick=False):
        response = fetch(version["app_download_url"])

    assert response.status_code == 403
    assert "expired" in response.content.decode()


def test_an_address_is_the_same_for_a_while(api: ApiClient, version: dict[str, Any]) -> None:
    path = f"{APPS}/{version['app_id']}/versions/{version['id']}"
    moment = dt.datetime(2026, 5, 1, 12, 0, 1, tzinfo=dt.UTC)
    urls = []
    for seconds in (0, 600, 1200):
        with time_machine.travel(moment + dt.timedelta(seconds=seconds), tick=False):
            urls.append(api.get(path).json()["content"]["app_icon_url"])

    assert urls[0] == urls[1] != urls[2]


@pytest.mark.parametrize("part", range(3))
def test_an_address_that_was_changed_is_404(version: dict[str, Any], part: int) -> None:
    url = version["app_download_url"]
    at = len(url) - 60 + part * 25
    changed = url[:at] + ("A" if url[at] != "A" else "B") + url[at + 1 :]

    for each in (
        changed,
        url[:-1],
        url + "x",
        "http://testserver/mdm/apps/files/x",
        "http://testserver/mdm/apps/files/a:b",
    ):
        response = fetch(each)
        assert (response.status_code, response.content) == (404, b"No such file.\n")


def test_an_address_is_for_one_kind_of_thing(version: dict[str, Any]) -> None:
    token = version["app_download_url"].rpartition("/")[2]

    assert Client().get(f"/mdm/apps/manifest/{token}").status_code == 404


def test_a_file_of_a_deleted_version_is_404(api: ApiClient, version: dict[str, Any]) -> None:
    api.delete(f"{APPS}/{version['app_id']}/versions/{version['id']}")

    assert fetch(version["app_download_url"]).status_code == 404
    assert fetch(version["app_icon_url"]).status_code == 404


def test_a_file_that_the_storage_lost_is_404(version: dict[str, Any], folder: Path) -> None:
    row = StoredFile.objects.get(name__endswith=".ipa")
    (folder / row.name).unlink()

    assert fetch(version["app_download_url"]).status_code == 404


def test_another_tenant_gets_no_address(other_api: ApiClient, version: dict[str, Any], other_tenant: Tenant) -> None:
    response = other_api.get(f"{APPS}/{version['app_id']}/versions/{version['id']}")

    assert response.status_code == 404
    assert TenantAppVersion.objects.exclude(tenant=other_tenant).count() == 1
