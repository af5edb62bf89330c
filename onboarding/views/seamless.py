"""The routes of seamless provisioning: who is expected. Rows are worked off after the answer."""

from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.envelopes import enveloped
from config.api.errors import BadRequest
from config.api.openapi import enveloped as enveloped_schema
from config.api.openapi import operation, paged, paging, query
from config.api.paging import page, require_page
from config.api.parsers import BoundedFormParser
from config.api.views import ApiViewSet, validated
from devices.models import Platform
from onboarding.models import SeamlessRow, SeamlessUpload
from onboarding.seamless.columns import ACCEPTED
from onboarding.selectors.seamless import list_seamless_rows
from onboarding.serializers.seamless import (
    SeamlessInput,
    SeamlessListInput,
    SeamlessRowOutput,
    SeamlessUploadInput,
    seamless_document,
)
from onboarding.services.seamless.uploads import create_expected, create_upload
from tenants.authentication import caller_of

TAG = "Seamless Provisioning"
ROWS = "/api/v2/seamless"
BACK = ("prev",)
ANSWER = enveloped_schema("SeamlessListAnswer", paged("SeamlessPage", SeamlessRowOutput, back=BACK))


class SeamlessViewSet(ApiViewSet):
    needs_private_url = False
    needs_body = True
    queryset = SeamlessRow.objects.none()

    @operation(
        "listSeamless",
        "List seamless provisioning rows",
        description="What became of each row. The latest upload comes first; `next` and `prev` of the answers to what "
        "creates rows lead here.",
        tag=TAG,
        answer=ANSWER,
        errors=(400, 401, 500),
        parameters=[
            *paging(OpenApiTypes.INT),
            query("upload", OpenApiTypes.UUID, "Rows that were handed in together: `upload_id` of one of them"),
            query("status", enum=SeamlessRow.Status.values),
        ],
    )
    def list(self, request: Request) -> Response:
        rows = list_seamless_rows(caller_of(request).tenant, **validated(SeamlessListInput, request))
        return enveloped(page(request, rows, seamless_document, back=BACK))

    @operation(
        "createSeamless",
        "Create a seamless provisioning request",
        description="A row for each identifier. A device that comes later with one of them gets the blueprint and "
        "lands in the group; one that is enrolled already stays as it is, and its row fails.",
        tag=TAG,
        request=SeamlessInput,
        answer=ANSWER,
        answer_text="Seamless request successfully created.",
        errors=(400, 401, 500),
    )
    def create(self, request: Request) -> Response:
        require_page(request)
        caller = caller_of(request)
        made = create_expected(tenant=caller.tenant, actor=caller.actor, **validated(SeamlessInput, request))
        return _rows_of(made, request)


class SeamlessUploadViewSet(ApiViewSet):
    needs_private_url = False
    needs_body = True
    parser_classes = [BoundedFormParser]
    queryset = SeamlessRow.objects.none()

    @operation(
        "uploadSeamless",
        "Create a seamless provisioning request",
        description="A row for each line of a CSV file, in UTF-8, UTF-16 or Windows-1252, with commas, semicolons or "
        f"tabs between its cells. Its first line names the columns: {ACCEPTED}. A row that cannot be taken fails; the "
        "others go on.",
        tag=TAG,
        request={"multipart/form-data": SeamlessUploadInput},
        answer=ANSWER,
        answer_text="Seamless provisioning request successfully created.",
        errors=(400, 401, 500),
    )
    def create(self, request: Request) -> Response:
        require_page(request)
        caller, told = caller_of(request), validated(SeamlessUploadInput, request)
        file = told.get("csv_file")
        if file is None:
            raise BadRequest("Missing csv_file in multiform request")
        made = create_upload(
            tenant=caller.tenant,
            actor=caller.actor,
            file=file,
            file_name=file.name,
            source=SeamlessUpload.Source.API_FILE,
            platform=Platform(told.get("platform", Platform.APPLE)),
        )
        return _rows_of(made, request)


def _rows_of(upload: SeamlessUpload, request: Request) -> Response:
    rows = list_seamless_rows(upload.tenant, upload=upload.pk)
    content = page(request, rows, seamless_document, back=BACK, path=f"{ROWS}?upload={upload.pk}")
    passed_over = ", ".join(map(repr, upload.passed_over))
    return enveloped(content, message=f"ok; columns passed over: {passed_over}" if passed_over else "ok")
