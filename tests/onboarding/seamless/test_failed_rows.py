"""Failed rows: tried again, and as a file that can be mended and uploaded again."""

import csv
from io import BytesIO, StringIO

from devices.models import Device, DeviceState
from onboarding.models import SeamlessRegistration, SeamlessRow, SeamlessUpload
from onboarding.services.seamless.failures import failed_rows_csv, retry_rows
from onboarding.services.seamless.uploads import create_upload
from onboarding.services.seamless.working import work_off
from tenants.models import AuditEvent, Tenant
from tests.conftest import Commit
from tests.factories.blueprints import BlueprintFactory
from tests.factories.devices import DeviceFactory
from tests.factories.tenants import ACTOR

SOURCE = SeamlessUpload.Source.CONSOLE


def worked_off(tenant: Tenant, text: str) -> SeamlessUpload:
    upload = create_upload(tenant=tenant, actor=ACTOR, file=BytesIO(text.encode()), source=SOURCE)
    work_off(upload.pk)
    return upload


def statuses(upload: SeamlessUpload) -> list[str]:
    return list(upload.rows.order_by("line").values_list("status", flat=True))


def test_rows_that_failed_by_circumstance_are_tried_again(
    tenant: Tenant, django_capture_on_commit_callbacks: Commit
) -> None:
    blueprint = BlueprintFactory(tenant).pk
    device = DeviceFactory(tenant=tenant, serial="A1")
    upload = worked_off(tenant, f"serial,blueprint_id\nA1,{blueprint}\nA1,{blueprint}\n?,{blueprint}\nA2,{blueprint}\n")
    assert statuses(upload) == ["FAILED", "FAILED", "FAILED", "SUCCESS"]
    Device.objects.filter(pk=device.pk).update(state=DeviceState.DISABLED)

    with django_capture_on_commit_callbacks(execute=True):
        assert retry_rows(upload=upload, actor=ACTOR) == 1

    assert statuses(upload) == ["SUCCESS", "FAILED", "FAILED", "SUCCESS"]
    upload.refresh_from_db()
    assert upload.ended_at is not None
    assert AuditEvent.objects.get(action="seamless.retried").details == {"rows": 1}
    assert retry_rows(upload=upload, actor=ACTOR) == 0


def test_the_file_of_failed_rows_is_mended_and_uploaded_again(tenant: Tenant) -> None:
    blueprint = str(BlueprintFactory(tenant).pk)
    upload = worked_off(
        tenant,
        "imei1,serial,alias,blueprint\n"  # the last column is not known
        "490154203237518,,=SUM(A1),x\n"
        ",0012345,+49 30,x\n",
    )

    text = "".join(failed_rows_csv(upload))

    assert text.startswith("\ufeff")
    header, *lines = csv.reader(StringIO(text.removeprefix("\ufeff")))
    assert header[-2:] == ["line", "reason"]
    cells = [dict(zip(header, line, strict=True)) for line in lines]
    assert [row["line"] for row in cells] == ["2", "3"]
    assert all("names no blueprint" in row["reason"] for row in cells)
    assert (cells[0]["imei1"], cells[1]["serial_number"]) == ("'490154203237518", "'0012345")
    assert not any(cell.startswith(("=", "+", "-", "@")) or "E+" in cell for line in lines for cell in line)

    mended = StringIO()
    writer = csv.DictWriter(mended, header)
    writer.writeheader()
    writer.writerows({**row, "blueprint_id": blueprint} for row in cells)
    assert statuses(worked_off(tenant, mended.getvalue())) == ["SUCCESS", "SUCCESS"]
    rows = SeamlessRow.objects.filter(status="SUCCESS").order_by("line")
    assert [(row.unique_ids, row.alias) for row in rows] == [("490154203237518", "=SUM(A1)"), ("0012345", "+49 30")]
    assert SeamlessRegistration.objects.count() == 2


def test_what_was_said_for_rows_that_name_none_is_theirs(tenant: Tenant) -> None:
    own, other = BlueprintFactory(tenant, name="Own"), BlueprintFactory(tenant, name="Other")
    text = BytesIO(f"serial,blueprint_id\nA1,\nA2,{own.pk}\n".encode())

    upload = create_upload(tenant=tenant, actor=ACTOR, file=text, source=SOURCE, blueprint=other)
    work_off(upload.pk)

    given = dict(SeamlessRegistration.objects.values_list("identifiers__value", "blueprint__name"))
    assert given == {"A1": "Other", "A2": "Own"}
