"""Uploads of expected devices, their rows and registrations in the console."""

import csv
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from onboarding.models import SeamlessRegistration, SeamlessRow, SeamlessUpload
from tenants.models import AuditEvent, Role, Tenant
from tests.factories.blueprints import BlueprintFactory
from tests.factories.console import member, superuser
from tests.factories.devices import DeviceFactory, DeviceGroupFactory
from tests.factories.seamless import SeamlessRowFactory, SeamlessUploadFactory, expect

Queries = Callable[[int], AbstractContextManager[Any]]
UPLOADS, ROWS = "/admin/onboarding/seamlessupload/", "/admin/onboarding/seamlessrow/"
REGISTRATIONS = "/admin/onboarding/seamlessregistration/"
FAILED = {"status": "FAILED", "meta": {"code": "BLUEPRINT", "reason": "No blueprint has this id."}}


def text(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.headers
    return str(answer.content.decode())


def form(content: str | bytes, name: str = "stores.csv", **told: Any) -> dict[str, Any]:
    body = content.encode() if isinstance(content, str) else content
    return {"file": SimpleUploadedFile(name, body), "platform": "APPLE", **told}


# Uploading ----------------------------------------------------------------------------------------------------------
def test_a_file_is_uploaded(tenant: Tenant) -> None:
    blueprint, group = BlueprintFactory(tenant), DeviceGroupFactory(tenant=tenant)
    content = "Serial number;Alias;Colour\nC02ABC123;Till 1;red\nC02ABC124;Till 2;blue\n"

    told = form(content, blueprint=str(blueprint.pk), group=str(group.pk))
    page = member(tenant).post(f"{UPLOADS}upload/", told, follow=True).content.decode()

    upload = SeamlessUpload.objects.get()
    assert (upload.tenant, upload.source, upload.file_name) == (tenant, "CONSOLE", "stores.csv")
    assert "2 rows taken in" in page
    assert "Columns passed over: Colour." in page
    rows = SeamlessRow.objects.filter(upload=upload)
    assert [(row.unique_ids, row.alias) for row in rows] == [("C02ABC123", "Till 1"), ("C02ABC124", "Till 2")]
    assert {(row.assigned_blueprint_id, row.group_id) for row in rows} == {(blueprint.pk, group.pk)}
    assert AuditEvent.objects.filter(action="seamless.uploaded").exists()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "empty"),
        ("colour,size\nred,1\n", "names no column that tells which device"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", ""),
        ("serial,serial number\na,b\n", "mean the same"),
    ],
)
def test_what_is_no_such_file_is_refused_at_its_field(content: str | bytes, told: str, tenant: Tenant) -> None:
    answer = member(tenant).post(f"{UPLOADS}upload/", form(content))

    assert answer.status_code == 400
    assert told in answer.content.decode()
    assert not SeamlessUpload.objects.exists()


def test_blueprints_and_groups_of_another_tenant_are_refused(tenant: Tenant, other_tenant: Tenant) -> None:
    theirs = BlueprintFactory(other_tenant, name="Their blueprint")
    ours = BlueprintFactory(tenant, name="Point of sale")
    client = member(tenant)

    page = text(client, f"{UPLOADS}upload/")
    answer = client.post(f"{UPLOADS}upload/", form("serial\nC02ABC123\n", blueprint=str(theirs.pk)))

    assert str(ours.pk) in page  # a file names it by its id
    assert "Their blueprint" not in page
    assert answer.status_code == 400
    assert not SeamlessUpload.objects.exists()


def test_a_file_that_is_too_large_is_refused(tenant: Tenant, settings: Any) -> None:
    too_much = b"serial\n" + b"C02ABC123\n" * ((settings.API_MAX_BODY // 10) + 1)

    answer = member(tenant).post(f"{UPLOADS}upload/", form(too_much))

    assert answer.status_code in (400, 413)
    assert not SeamlessUpload.objects.exists()


def test_a_hostile_file_name_and_cells_are_shown_as_text(tenant: Tenant) -> None:
    client = member(tenant)
    content = 'serial,alias\nC02ABC123,"<script>alert(1)</script>"\n=HYPERLINK("x"),x\n'

    client.post(f"{UPLOADS}upload/", form(content, name='<img src=x onerror="alert(2)">.csv'))

    upload = SeamlessUpload.objects.get()
    pages = text(client, UPLOADS), text(client, f"{UPLOADS}{upload.pk}/change/"), text(client, ROWS)
    for page in pages:
        assert "<script>alert(1)" not in page
        assert "<img src=x" not in page
    assert "&lt;script&gt;" in text(client, f"{ROWS}{upload.rows.get(line=2).pk}/change/")


def test_an_empty_file_to_begin_with(tenant: Tenant) -> None:
    answer = member(tenant).get(f"{UPLOADS}empty.csv")

    assert answer["Content-Disposition"] == 'attachment; filename="expected-devices.csv"'
    assert answer.content.decode().startswith("serial_number,udid,imei1,imei2,blueprint_id,group_id,alias")


def test_who_sees_several_tenants_says_for_which_it_is(tenant: Tenant, other_tenant: Tenant) -> None:
    client = superuser()

    assert f"?tenant={tenant.pk}" in text(client, f"{UPLOADS}upload/")
    client.post(f"{UPLOADS}upload/?tenant={other_tenant.pk}", form("serial\nC02ABC123\n"))

    assert SeamlessUpload.objects.get().tenant == other_tenant


# Uploads and rows ---------------------------------------------------------------------------------------------------
def test_rows_are_counted_by_what_became_of_them(tenant: Tenant, other_tenant: Tenant) -> None:
    SeamlessUploadFactory(other_tenant, file_name="theirs.csv")
    upload = SeamlessUploadFactory(tenant, row_count=4, ended_at=None)
    SeamlessRowFactory(upload)
    SeamlessRowFactory(upload, **FAILED, unique_ids="C02BAD")
    SeamlessRowFactory(upload, status="IN_QUEUE")
    SeamlessRowFactory(upload, status="IN_PROGRESS")
    client = member(tenant, Role.VIEWER)

    listed, page = text(client, UPLOADS), client.get(f"{UPLOADS}{upload.pk}/change/")

    assert "1 registered, 1 failed, 2 waiting" in listed
    assert "theirs.csv" not in listed
    assert [told for _, told, _ in page.context["outcomes"]] == ["1 row", "1 row", "2 rows"]
    assert "No blueprint has this id." in page.content.decode()


def test_rows_are_filtered_by_upload_and_state(tenant: Tenant, other_tenant: Tenant) -> None:
    upload, other = SeamlessUploadFactory(tenant, file_name="stores.csv"), SeamlessUploadFactory(tenant)
    SeamlessRowFactory(upload, unique_ids="FIRST")
    SeamlessRowFactory(upload, unique_ids="SECOND", **FAILED)
    SeamlessRowFactory(other, unique_ids="ELSEWHERE")
    SeamlessRowFactory(SeamlessUploadFactory(other_tenant), unique_ids="THEIRS")
    client = member(tenant, Role.VIEWER)

    def shown(**filters: Any) -> list[str]:
        return [row.unique_ids for row in client.get(ROWS, filters).context["cl"].result_list]

    assert shown(upload__id__exact=str(upload.pk)) == ["FIRST", "SECOND"]
    assert shown(upload__id__exact=str(upload.pk), status__exact="FAILED") == ["SECOND"]
    assert set(shown()) == {"FIRST", "SECOND", "ELSEWHERE"}
    assert "Rows of stores.csv" in text(client, f"{ROWS}?upload__id__exact={upload.pk}")


def test_a_row_names_what_it_wants_and_nothing_foreign(tenant: Tenant, other_tenant: Tenant) -> None:
    ours, theirs = BlueprintFactory(tenant, name="Kiosks"), DeviceGroupFactory(tenant=other_tenant, name="Their group")
    row = SeamlessRowFactory(
        SeamlessUploadFactory(tenant), assigned_blueprint_id=ours.pk, group_id=theirs.pk, cells={"alias": "<b>x</b>"}
    )

    page = text(member(tenant, Role.VIEWER), f"{ROWS}{row.pk}/change/")

    assert "Kiosks" in page
    assert "Their group" not in page
    assert str(theirs.pk) in page
    assert "alias: &lt;b&gt;x&lt;/b&gt;" in page


def test_failed_rows_are_downloaded_as_a_file(tenant: Tenant, other_tenant: Tenant) -> None:
    upload = SeamlessUploadFactory(tenant, row_count=2)
    SeamlessRowFactory(upload, cells={"serial_number": "GOOD"})
    SeamlessRowFactory(upload, cells={"serial_number": "C02BAD", "alias": "=1+1"}, **FAILED)
    path = f"{UPLOADS}{upload.pk}/download_failed/"

    answer = member(tenant, Role.VIEWER).get(path)

    lines = list(csv.DictReader(b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()))  # type: ignore[attr-defined]
    assert [(line["serial_number"], line["reason"]) for line in lines] == [("C02BAD", "No blueprint has this id.")]
    assert not lines[0]["alias"].startswith("=")
    assert "attachment" in answer["Content-Disposition"]
    assert "no-store" in answer["Cache-Control"]
    assert member(other_tenant, Role.ADMIN).get(path).status_code == 404


def test_failed_rows_are_tried_again(tenant: Tenant) -> None:
    upload = SeamlessUploadFactory(tenant, row_count=2)
    row = SeamlessRowFactory(upload, **FAILED)
    SeamlessRowFactory(upload, status="FAILED", meta={"code": "INVALID", "reason": "Mistyped."})
    client, path = member(tenant), f"{UPLOADS}{upload.pk}/retry/"

    assert "cannot be read" in text(client, path)
    assert "1 row is tried again" in client.post(path, follow=True).content.decode()
    row.refresh_from_db()
    assert row.status == "IN_QUEUE"
    assert "must be mended in the file first" in client.post(path, follow=True).content.decode()


def test_the_lists_cost_the_same_however_long_they_are(tenant: Tenant, django_assert_num_queries: Queries) -> None:
    blueprint = BlueprintFactory(tenant)
    for number in range(6):
        SeamlessRowFactory(SeamlessUploadFactory(tenant), **FAILED)
        expect(tenant, serial=f"C02{number}", blueprint=blueprint)
    client = superuser()
    text(client, UPLOADS)

    with django_assert_num_queries(8):  # session, user, several tenants?, the filter's, two for badges, count, rows
        text(client, UPLOADS)
    with django_assert_num_queries(7):
        text(client, ROWS)
    with django_assert_num_queries(11):  # two more filters, identifiers
        text(client, REGISTRATIONS)


# Registrations ------------------------------------------------------------------------------------------------------
def found(client: Client, **filters: Any) -> set[str]:
    rows = client.get(REGISTRATIONS, filters).context["cl"].result_list
    return {row.alias for row in rows}


def test_registrations_are_found_by_their_identifiers(tenant: Tenant, other_tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)
    expect(tenant, serial="C02ABC123", blueprint=blueprint, alias="Serial")
    expect(tenant, imei="490154203237518", alias="Imei")
    device = DeviceFactory(tenant=tenant, name="Front desk")
    expect(tenant, serial="C02COME", alias="Come", device=device, applied_at=timezone.now())
    expect(other_tenant, serial="C02THEIRS", alias="Theirs")
    client = member(tenant, Role.VIEWER)

    assert found(client) == {"Serial", "Imei"}
    assert found(client, come="yes") == {"Come"}
    assert found(client, come="any") == {"Serial", "Imei", "Come"}
    assert found(client, q=" c02abc123 ") == {"Serial"}
    assert found(client, q="49 015420 323751-8") == {"Imei"}
    assert found(client, q="c02come") == {"Come"}
    assert found(client, q="c02come", come="no") == set()
    assert found(client, q="C02THEIRS") == set()
    assert found(client, q="C02") == set()
    assert "Front desk" in text(client, f"{REGISTRATIONS}?come=yes")


def test_registrations_are_deleted(tenant: Tenant, other_tenant: Tenant) -> None:
    gone, also, kept = (expect(tenant, serial=f"C02{number}") for number in range(3))
    theirs = expect(other_tenant, serial="C02THEIRS")
    client = member(tenant)
    chosen = {"action": "delete_these", "_selected_action": [str(row.pk) for row in (gone, also, theirs)]}

    asked = client.post(REGISTRATIONS, chosen).content.decode()
    assert SeamlessRegistration.objects.count() == 4
    done = client.post(REGISTRATIONS, {**chosen, "yes": "1"}, follow=True).content.decode()

    assert "Delete 2 registrations?" in asked
    assert "2 registrations deleted." in done
    assert set(SeamlessRegistration.objects.all()) == {kept, theirs}
    assert AuditEvent.objects.get(action="seamless.deleted").details == {"registrations": 2}


def test_one_is_deleted_from_its_page(tenant: Tenant) -> None:
    row, client = expect(tenant, serial="C02ABC123"), member(tenant)
    path = f"{REGISTRATIONS}{row.pk}/delete_this/"

    assert "Delete the registration of SERIAL C02ABC123?" in text(client, path)
    assert "The registration is deleted." in client.post(path, follow=True).content.decode()
    assert not SeamlessRegistration.objects.exists()


def test_viewers_upload_retry_and_delete_nothing(tenant: Tenant) -> None:
    upload, row = SeamlessUploadFactory(tenant), expect(tenant, serial="C02ABC123")
    SeamlessRowFactory(upload, **FAILED)
    client = member(tenant, Role.VIEWER)

    assert client.get(f"{UPLOADS}upload/").status_code == 404
    assert client.post(f"{UPLOADS}upload/", form("serial\nC02ABC124\n")).status_code == 404
    assert client.post(f"{UPLOADS}{upload.pk}/retry/").status_code == 404
    assert client.post(f"{REGISTRATIONS}{row.pk}/delete_this/").status_code == 404
    chosen = {"action": "delete_these", "_selected_action": [str(row.pk)], "yes": "1"}
    client.post(REGISTRATIONS, chosen)
    assert SeamlessUpload.objects.count() == 1
    assert SeamlessRegistration.objects.count() == 1
