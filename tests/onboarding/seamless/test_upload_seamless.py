"""`POST /api/v2/seamless/upload`: a file of who is expected, over HTTP."""

import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import MULTIPART_CONTENT

from devices.models import DeviceState
from onboarding.models import SeamlessRegistration, SeamlessRow, SeamlessUpload
from tenants.models import AuditEvent, Tenant
from tests.conftest import ApiClient
from tests.factories.apple_tokens import form
from tests.factories.blueprints import BlueprintFactory
from tests.factories.devices import DeviceFactory, DeviceGroupFactory

UPLOAD, ROWS = "/api/v2/seamless/upload", "/api/v2/seamless"
IMEI, OTHER_IMEI = "490154203237518", "356938035643809"


def upload(api: ApiClient, text: Any, **parts: Any) -> Any:
    return api.post(UPLOAD, **form(csv_file=text.encode() if isinstance(text, str) else text, **parts))


def rows(api: ApiClient, text: str | bytes) -> list[dict[str, Any]]:
    """What became of the rows, which are worked off by the time."""
    assert upload(api, text).status_code == 200
    found: list[dict[str, Any]] = api.get(ROWS).json()["content"]["results"]
    return found


def test_answers_with_the_rows_in_the_queue(api: ApiClient, tenant: Tenant) -> None:
    blueprint, group = BlueprintFactory(tenant), DeviceGroupFactory(tenant=tenant)

    response = upload(
        api,
        "serial_number,udid,imei1,imei2,blueprint_id,group_id,alias\n"
        f"c02abc,,{IMEI},{OTHER_IMEI},{blueprint.pk},{group.pk},Till 4\n",
    )

    assert response.status_code == 200
    answer = response.json()
    row = SeamlessRow.objects.get()
    assert (answer["code"], answer["message"]) == (200, "ok")
    assert answer["content"] == {
        "count": 1,
        "prev": None,
        "next": None,
        "results": [
            {
                "id": str(row.pk),
                "assigned_blueprint_id": str(blueprint.pk),
                "group_id": str(group.pk),
                "alias": "Till 4",
                "unique_ids": "C02ABC",
                "unique_id_type": "SERIAL",
                "status": "IN_QUEUE",
                "meta": None,
                "tenant_id": str(tenant.pk),
                "platform": "APPLE",
                "upload_id": str(row.upload_id),
                "line": 2,
            }
        ],
    }


def test_its_rows_are_registered_and_found_again(api: ApiClient, tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)

    found = rows(api, f"serial;blueprint id\r\nA1;{blueprint.pk}\r\n\r\nA2;{blueprint.pk}\r\n")

    assert [(row["status"], row["line"]) for row in found] == [("SUCCESS", 2), ("SUCCESS", 4)]
    registered = SeamlessRegistration.objects.filter(tenant=tenant, blueprint=blueprint, applied_at=None)
    assert registered.count() == 2
    upload_row = SeamlessUpload.objects.get()
    assert (upload_row.source, upload_row.row_count, upload_row.file_name) == ("API_FILE", 2, "csv_file.bin")
    assert upload_row.ended_at is not None
    assert AuditEvent.objects.filter(action="seamless.uploaded").count() == 1


def test_its_next_page_is_that_of_the_list(api: ApiClient, tenant: Tenant) -> None:
    text = "serial\n" + "".join(f"A{number}\n" for number in range(3))

    first = api.post(f"{UPLOAD}?limit=2", **form(csv_file=text.encode())).json()["content"]

    upload_id = SeamlessUpload.objects.get().pk
    assert first["count"] == 3
    assert first["next"] == f"http://testserver{ROWS}?limit=2&offset=2&upload={upload_id}"
    second = api.get(first["next"].removeprefix("http://testserver")).json()["content"]
    assert [row["unique_ids"] for row in second["results"]] == ["A2"]
    assert second["prev"] == f"http://testserver{ROWS}?limit=2&offset=0&upload={upload_id}"


def test_without_a_blueprint_that_of_the_group_is_to_be_in_force(api: ApiClient, tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)
    parent = DeviceGroupFactory(tenant=tenant, blueprint=blueprint)
    group, bare = DeviceGroupFactory(tenant=tenant, parent=parent), DeviceGroupFactory(tenant=tenant)

    found = rows(api, f"serial,group_id\nA1,{group.pk}\nA2,{bare.pk}\nA3,\n")

    assert [row["status"] for row in found] == ["SUCCESS", "FAILED", "FAILED"]
    assert found[0]["assigned_blueprint_id"] == str(blueprint.pk)
    assert [row["meta"]["code"] for row in found[1:]] == ["BLUEPRINT", "BLUEPRINT"]
    registration = SeamlessRegistration.objects.get()
    assert (registration.blueprint, registration.group) == (None, group)


def test_a_device_that_is_enrolled_stays_as_it_is(api: ApiClient, tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant, serial="A1", alias="Mine")
    before = device.updated_at

    found = rows(api, f"serial,alias,blueprint_id\na1,Yours,{BlueprintFactory(tenant).pk}\n")

    assert (found[0]["status"], found[0]["meta"]["code"]) == ("FAILED", "ENROLLED")
    device.refresh_from_db()
    assert (device.alias, device.updated_at, device.is_seamless) == ("Mine", before, False)
    assert not SeamlessRegistration.objects.exists()


def test_a_device_that_is_known_and_not_enrolled_has_it_at_once(api: ApiClient, tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant, serial="A1", state=DeviceState.REGISTERED)
    blueprint = BlueprintFactory(tenant)

    found = rows(api, f"serial,alias,blueprint_id\na1,Yours,{blueprint.pk}\n")

    assert found[0]["status"] == "SUCCESS"
    device.refresh_from_db()
    assert (device.alias, device.assigned_blueprint, device.is_seamless) == ("Yours", blueprint, True)


def test_who_is_expected_already_is_expected_as_the_later_row_says(api: ApiClient, tenant: Tenant) -> None:
    first, second = BlueprintFactory(tenant), BlueprintFactory(tenant, name="Second")
    rows(api, f"serial,imei1,blueprint_id\nA1,{IMEI},{first.pk}\n")

    found = rows(api, f"serial,alias,blueprint_id\nA1,New,{second.pk}\n")

    assert [row["status"] for row in found] == ["SUCCESS", "SUCCESS"]
    registration = SeamlessRegistration.objects.get()
    assert (registration.blueprint, registration.alias) == (second, "New")
    assert set(registration.identifiers.values_list("value", flat=True)) == {"A1", IMEI}


def test_of_an_identifier_that_comes_twice_in_a_file_the_first_counts(api: ApiClient, tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant).pk

    found = rows(
        api,
        f"serial,imei1,blueprint_id\nA1,{IMEI},{blueprint}\na1,,{blueprint}\nA2,{IMEI},{blueprint}\nA3,,{blueprint}",
    )

    assert [row["status"] for row in found] == ["SUCCESS", "FAILED", "FAILED", "SUCCESS"]
    assert found[1]["meta"] == {"reason": "the serial number A1 is on line 2 already", "code": "DUPLICATE"}
    assert found[2]["meta"]["reason"] == f"the IMEI {IMEI} is on line 2 already"


def test_what_belongs_to_another_tenant_is_unknown(api: ApiClient, tenant: Tenant, other_tenant: Tenant) -> None:
    mine, foreign = BlueprintFactory(tenant), BlueprintFactory(other_tenant)
    group = DeviceGroupFactory(tenant=other_tenant, blueprint=foreign)
    theirs = DeviceFactory(tenant=other_tenant, serial="A3")

    found = rows(api, f"serial,blueprint_id,group_id\nA1,{foreign.pk},\nA2,{mine.pk},{group.pk}\nA3,{mine.pk},\n")

    assert [row["status"] for row in found] == ["FAILED", "FAILED", "SUCCESS"]
    assert [row["meta"]["reason"] for row in found[:2]] == [
        f"invalid blueprint id: {foreign.pk}",
        f"invalid group id: {group.pk}",
    ]
    theirs.refresh_from_db()
    assert not theirs.is_seamless


def test_another_tenant_sees_none_of_it(api: ApiClient, other_api: ApiClient) -> None:
    upload(api, "serial\nA1\n")

    upload_id = SeamlessUpload.objects.get().pk
    for query in ("", f"?upload={upload_id}", "?status=FAILED"):
        assert other_api.get(f"{ROWS}{query}").json()["content"]["results"] == []


def test_two_tenants_may_expect_the_same_device(api: ApiClient, other_api: ApiClient) -> None:
    for each in (api, other_api):
        upload(each, "serial\nA1\n")

    assert SeamlessRow.objects.filter(unique_ids="A1").count() == 2


def test_a_viewer_may_not(viewer_api: ApiClient) -> None:
    assert upload(viewer_api, "serial\nA1\n").status_code == 403
    assert not SeamlessUpload.objects.exists()
    assert viewer_api.get(ROWS).status_code == 200


def test_a_missing_file_is_named(api: ApiClient) -> None:
    for parts in ({}, {"other": b"serial\nA1\n"}):
        response = api.post(UPLOAD, **form(**parts))

        assert response.status_code == 400
        assert response.json() == {"code": 400, "message": "Missing csv_file in multiform request", "content": {}}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "empty"),
        ("\n ,,\n", "empty"),
        ("serial\n", "no row below"),
        ("A1\nA2\n", "Accepted columns"),
        ("alias,group_id\nTill,x\n", "Accepted columns"),
        ("serial,Serial Number\nA1,A2\n", "mean the same"),
        ('serial,alias\nA1,"open\nA2,\n', "line 2 is not closed"),
        (b"PK\x03\x04" + bytes(100), "Excel workbook"),
        (bytes(range(256)), "no text"),
        ("serial" * 20_000, "longer than"),
    ],
)
def test_a_file_that_is_none_is_refused_with_advice(api: ApiClient, text: str | bytes, told: str) -> None:
    response = upload(api, text)

    assert response.status_code == 400
    assert told in response.json()["message"]
    assert not SeamlessUpload.objects.exists()


@pytest.mark.parametrize("text", ["\n" * 9, "serial\nA1\n" + "\n" * 7])
def test_blank_lines_without_end_are_not_read(api: ApiClient, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("onboarding.seamless.records.MAX_LINES", 8)

    response = upload(api, text)

    assert (response.status_code, "more than 8 lines" in response.json()["message"]) == (400, True)
    assert not SeamlessUpload.objects.exists()


def test_a_file_that_is_too_large_is_refused(api: ApiClient, settings: Any) -> None:
    settings.API_MAX_BODY = settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 1000

    assert upload(api, "serial\n" + "A1\n" * 400).status_code == 413
    assert not SeamlessUpload.objects.exists()


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ("1.23E+14,,,", "looks like a number that Excel has shortened"),
        ('"1,23E+14",,,', "looks like a number that Excel has shortened"),
        (",8.1E+10,,", "looks like a number that Excel has shortened"),
        ("490154203237519,,,", "mistyped"),
        ("49015420323751,,,", "has 14 digits"),
        (",A\0,,", "NUL"),
        (",=1+1,,", "is not a serial number"),
        (f",A1,{'x' * 256},", "256 characters"),
        (f",A1,{'x' * 70_000},", "longer than 65536"),
        (',A1,"a"b,', "quotation mark"),
        (",A1,,,more", "'more' is too much"),
        (",A1,,'; DROP TABLE--", "invalid blueprint id"),
        (",,Nobody,", "names no device"),
    ],
)
def test_a_row_that_cannot_be_taken_costs_itself_only(api: ApiClient, tenant: Tenant, cells: str, told: str) -> None:
    good = f",GOOD,=cmd|' /C calc'!A0,{BlueprintFactory(tenant).pk}"

    found = rows(api, f"imei1,serial,alias,blueprint_id\n{cells}\n{good}\n")

    assert [row["status"] for row in found] == ["FAILED", "SUCCESS"]
    assert told in found[0]["meta"]["reason"]
    assert found[0]["meta"]["code"] == "INVALID"
    assert SeamlessRegistration.objects.get().alias == "=cmd|' /C calc'!A0"


def test_columns_that_mean_nothing_are_named(api: ApiClient) -> None:
    response = upload(api, "serial,Colour,Room No\nA1,red,7\n")

    assert response.json()["message"] == "ok; columns passed over: 'Colour', 'Room No'"


def test_a_title_may_hold_what_cannot_be_stored(api: ApiClient) -> None:
    response = upload(api, "serial,Col\0our\nA1,red\n")

    assert (response.status_code, SeamlessUpload.objects.get().passed_over) == (200, ["Col\ufffdour"])


def test_a_long_alias_arrives_as_it_was_read(api: ApiClient, tenant: Tenant) -> None:
    alias = "y" * 255

    rows(api, f'serial,alias,blueprint_id\nA1,"=""{alias}""",{BlueprintFactory(tenant).pk}\n')

    assert SeamlessRegistration.objects.get().alias == alias


@pytest.mark.parametrize(
    "alias", ["\U0001f469\u200d\U0001f467 Till", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"]
)
def test_what_joins_characters_stays_in_an_alias_and_in_nothing_else(
    api: ApiClient, tenant: Tenant, alias: str
) -> None:
    blueprint = BlueprintFactory(tenant).pk

    found = rows(api, f"serial,alias,blueprint_id\nA\u200d1\u200b,\ufeff{alias}\u200b,{blueprint}\u2060\n")

    assert [(row["unique_ids"], row["status"]) for row in found] == [("A1", "SUCCESS")]
    assert SeamlessRegistration.objects.get().alias == alias


def test_only_one_file_is_taken(api: ApiClient) -> None:
    response = upload(api, [SimpleUploadedFile(name, b"serial\nA1\n") for name in ("a.csv", "b.csv")])

    assert (response.status_code, response.json()["message"]) == (400, "csv_file: Upload one file at a time.")
    assert not SeamlessUpload.objects.exists()


def test_a_page_that_cannot_be_answered_stores_nothing(api: ApiClient) -> None:
    assert api.post(f"{UPLOAD}?limit=0", **form(csv_file=b"serial\nA1\n")).status_code == 400
    assert not SeamlessUpload.objects.exists()


def test_broken_forms_are_refused(api: ApiClient) -> None:
    for body, kind in [(b"--x", MULTIPART_CONTENT), (b"junk", "multipart/form-data")]:
        assert api.post(UPLOAD, body, content_type=kind).status_code == 400
    assert api.post(UPLOAD, {"csv_file": "serial"}).status_code == 415


def test_the_list_is_filtered_and_refuses_what_it_does_not_know(api: ApiClient, tenant: Tenant) -> None:
    upload(api, f"serial,blueprint_id\nA1,{BlueprintFactory(tenant).pk}\nA2,\n")
    upload_id = SeamlessUpload.objects.get().pk

    assert [row["unique_ids"] for row in api.get(f"{ROWS}?status=FAILED").json()["content"]["results"]] == ["A2"]
    assert api.get(f"{ROWS}?upload={upload_id}&status=SUCCESS").json()["content"]["count"] == 1
    assert api.get(f"{ROWS}?upload={uuid.uuid4()}").json()["content"]["count"] == 0
    for query in ("status=DONE", "upload=1", "limit=0", "offset=-1"):
        assert api.get(f"{ROWS}?{query}").status_code == 400
