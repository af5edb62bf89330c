"""`manage.py import_seamless`."""

import os
import uuid
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from onboarding.models import SeamlessRegistration, SeamlessRow, SeamlessUpload
from tenants.models import Tenant
from tests.factories.blueprints import BlueprintFactory


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "devices.csv"
    path.write_text("Serial;Room\nA1;7\nA2;8\n", encoding="utf-16")
    return path


def run(tenant: Tenant, file: Path, *words: str) -> str:
    out = StringIO()
    call_command("import_seamless", str(file), "--tenant", tenant.name, *words, stdout=out, stderr=out)
    return out.getvalue()


def test_leaves_the_rows_to_the_workers(tenant: Tenant, file: Path) -> None:
    told = run(tenant, file, "--blueprint", str(BlueprintFactory(tenant).pk))

    upload = SeamlessUpload.objects.get(tenant=tenant)
    assert told.splitlines()[0] == str(upload.pk)
    assert "Room" in told
    assert (upload.source, upload.file_name) == ("COMMAND_LINE", "devices.csv")
    assert set(upload.rows.values_list("status", flat=True)) == {"IN_QUEUE"}


def test_works_them_off_itself_when_it_waits(tenant: Tenant, file: Path) -> None:
    told = run(tenant, file, "--blueprint", str(BlueprintFactory(tenant).pk), "--wait")

    assert "      2  SUCCESS" in told
    assert SeamlessRegistration.objects.filter(tenant=tenant).count() == 2


def test_tells_what_failed_and_writes_it_down(tenant: Tenant, file: Path, tmp_path: Path) -> None:
    out = StringIO()
    with pytest.raises(CommandError, match="2 of 2 rows failed"):
        call_command(
            "import_seamless", str(file), "--tenant", str(tenant.pk), "--wait", "--failed", str(tmp_path / "bad.csv"),
            stdout=out,
        )  # fmt: skip

    assert "line 2: the row names no blueprint" in out.getvalue()
    assert (tmp_path / "bad.csv").read_text(encoding="utf-8-sig").splitlines()[1].startswith("A1,")


@pytest.mark.parametrize("name", ["-", "/dev/fd/{}"])
def test_reads_what_is_piped_into_it(tenant: Tenant, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    reader, writer = os.pipe()
    with os.fdopen(writer, "wb") as pipe:
        pipe.write(b"serial\nA1\nA2\n")
    with os.fdopen(reader) as piped:
        monkeypatch.setattr("sys.stdin", piped)
        run(tenant, Path(name.format(reader)))

    assert list(SeamlessRow.objects.filter(tenant=tenant).values_list("unique_ids", flat=True)) == ["A1", "A2"]


def test_takes_a_file_whose_name_is_no_text(tenant: Tenant, file: Path) -> None:
    odd = file.rename(os.fsdecode(os.fsencode(file.parent) + b"/\xff.csv"))

    run(tenant, odd)

    assert SeamlessUpload.objects.get().file_name == "\ufffd.csv"


def test_says_when_the_failed_rows_cannot_be_written(tenant: Tenant, file: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be written: No such file or directory"):
        run(tenant, file, "--failed", str(tmp_path / "nowhere" / "bad.csv"))

    assert SeamlessUpload.objects.get().ended_at is not None


def test_names_what_is_wrong(tenant: Tenant, other_tenant: Tenant, file: Path, tmp_path: Path) -> None:
    foreign = BlueprintFactory(other_tenant)
    (tmp_path / "no.csv").write_text("x\n1\n")
    for words, told in [
        ((file, "--blueprint", str(foreign.pk)), "invalid blueprint id"),
        ((file, "--group", str(uuid.uuid4())), "invalid group id"),
        ((tmp_path / "none.csv",), "cannot be read"),
        ((tmp_path / "no.csv",), "Accepted columns"),
    ]:
        with pytest.raises(CommandError, match=told):
            run(tenant, *words)  # type: ignore[arg-type]
    assert not SeamlessRow.objects.exists()
