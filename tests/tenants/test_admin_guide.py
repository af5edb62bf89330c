"""What guided pages share: files, refusals, and consent to them."""

from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils.datastructures import MultiValueDict

from config.api.errors import BadRequest, NeedsForce, NotFound
from config.uploads import LeftOut
from tenants.admin.guide import FileField, GuideForm, Step, mark, submitted

LOSES = NeedsForce("12 devices would have to enrol again.")


class Upload(GuideForm):
    consent = "Let them enrol again"
    file = FileField(most=10, accept=".pem")


def form(file: bytes | None = b"PEM", force: str = "") -> Upload:
    files: MultiValueDict[str, Any] = MultiValueDict(
        {"file": [SimpleUploadedFile("a.pem", file)]} if file is not None else {}
    )
    return Upload(QueryDict(f"force={force}"), files)


def service(refusal: Exception | None = None) -> Any:
    def write(told: dict[str, Any], force: bool) -> str:
        if refusal and not (force and isinstance(refusal, NeedsForce)):
            raise refusal
        return f"{told['file'].decode()} {'forced' if force else 'taken'}"

    return write


def shown(upload: Upload) -> str:
    return render_to_string("admin/pieces/guide.html", {"steps": [Step("Upload", form=upload, state="now")]})


def test_a_file_reaches_the_service() -> None:
    assert submitted(form(), service()) == "PEM taken"


@pytest.mark.parametrize(
    ("file", "words"),
    [(b"x" * 11, "The file has 11\xa0bytes"), (b"", "is empty"), (None, "This field is required")],
)
def test_no_file_or_a_large_one_is_said_at_the_field(file: bytes | None, words: str) -> None:
    upload = form(file)

    assert submitted(upload, service()) is None
    assert words in upload.errors["file"][0]


def test_a_file_of_a_body_that_was_too_large_is_said_at_the_field() -> None:
    left_out = LeftOut(BytesIO(), "file", "a.pem", "text/plain", 5, None)
    upload = Upload(QueryDict(), MultiValueDict({"file": [left_out]}))

    assert submitted(upload, service()) is None
    assert upload.errors["file"] == ["The file is too large to be taken."]


def test_a_refusal_is_said_at_the_field_and_offers_no_force() -> None:
    upload = form()

    assert submitted(upload, service(BadRequest("It is a <b>web page</b>."))) is None
    page = shown(upload)
    assert "It is a &lt;b&gt;web page&lt;/b&gt;." in page
    assert 'name="force"' not in page


def test_what_force_lifts_can_be_consented_to() -> None:
    assert 'name="force"' not in shown(form())

    upload = form()
    assert submitted(upload, service(LOSES)) is None
    assert f'name="force" value="{mark(LOSES)}">' in shown(upload)
    assert submitted(form(force=mark(LOSES)), service(LOSES)) == "PEM forced"


@pytest.mark.parametrize("force", ["on", "true", mark(NeedsForce("1 device would have to enrol again."))])
def test_consent_counts_for_the_refusal_that_was_shown(force: str) -> None:
    upload = form(force=force)

    assert submitted(upload, service(LOSES)) is None
    assert upload.refusal == mark(LOSES)


def test_what_was_deleted_meanwhile_is_not_the_forms_fault() -> None:
    with pytest.raises(NotFound):
        submitted(form(), service(NotFound()))


def test_done_steps_are_folded() -> None:
    steps = [Step("Download", state="done"), Step("Upload", state="now"), Step("Renew")]

    page = render_to_string("admin/pieces/guide.html", {"steps": steps})

    assert page.count("<details open>") == 2
    assert page.index("<details>") < page.index("Download") < page.index("<details open>")
