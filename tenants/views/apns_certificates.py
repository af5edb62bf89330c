"""The APNs certificate routes, but for uploading and deleting: those ask the enrolments (`commands.views`)."""

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.envelopes import enveloped, text_file
from config.api.openapi import enveloped as enveloped_schema
from config.api.openapi import operation, paged, path
from config.api.paging import page
from config.api.views import ApiViewSet, validated
from tenants.authentication import caller_of
from tenants.models import ApnsCertificate, Role
from tenants.selectors import get_apns_certificate, list_apns_certificates
from tenants.serializers.apns_certificates import (
    ApnsCertificateCreateInput,
    ApnsCertificateListInput,
    ApnsCertificateOutput,
    apns_certificate_document,
)
from tenants.services.apns import create_apns_certificate
from tenants.services.push_requests import push_request, usable_vendor

TAG = "APNs certificate"
CERTIFICATE_ID = path("id", "ID of the APNs certificate meta object")


class ApnsCertificateViewSet(ApiViewSet):
    needs_private_url: bool | frozenset[str] = frozenset({"create", "update"})
    needs_body = True
    write_role = Role.ADMIN
    queryset = ApnsCertificate.objects.none()

    @operation(
        "listApnsCertificates",
        "Get all APNs certificate meta data for the Tenant",
        description="Returns all the APNs certificate meta information, latest first. The query may name a `state` "
        "(`CSR_GENERATED` or `COMPLETED`), and `limit` and `offset`.",
        tag=TAG,
        answer=enveloped_schema("ApnsCertificateListAnswer", paged("ApnsCertificatePage", ApnsCertificateOutput)),
        answer_text="APNs certificate meta data list for the Tenant",
    )
    def list(self, request: Request) -> Response:
        rows = list_apns_certificates(caller_of(request).tenant, **validated(ApnsCertificateListInput, request))
        return enveloped(page(request, rows, apns_certificate_document), message="APNs certificates")

    @operation(
        "createApnsCertificate",
        "Get the CSR file to upload to the apple identity console",
        description="Makes a key pair and its signing request. `X-Push-Certificate-Request` says whether the file is "
        "`vendor-signed`, as Apple's portal takes it, or `unsigned`, for an MDM vendor to sign.",
        tag=TAG,
        request={"application/json": OpenApiTypes.OBJECT},
        answer=OpenApiTypes.STR,
        media_type="text/plain",
        answer_text="Created",
        errors=(400, 401, 500),
    )
    def create(self, request: Request) -> HttpResponse:
        validated(ApnsCertificateCreateInput, request)
        caller = caller_of(request)
        vendor = usable_vendor()
        row = create_apns_certificate(tenant=caller.tenant, actor=caller.actor)
        made = push_request(row.signing_request, vendor)
        return text_file(
            made.text,
            name=made.file_name,
            request=request,
            resource_id=row.pk,
            headers={"X-Push-Certificate-Request": "vendor-signed" if made.is_vendor_signed else "unsigned"},
        )

    @operation(
        "getApnsCertificate",
        "Get APNs certificate meta information",
        tag=TAG,
        answer=enveloped_schema("ApnsCertificateAnswer", ApnsCertificateOutput),
        answer_text="APNs certificate meta information",
        errors=(401, 404, 500),
        parameters=[CERTIFICATE_ID],
    )
    def retrieve(self, request: Request, id: str) -> Response:
        row = get_apns_certificate(tenant=caller_of(request).tenant, certificate_id=id)
        return enveloped(apns_certificate_document(row), message="APNs certificate")
