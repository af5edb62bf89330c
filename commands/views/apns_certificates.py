"""One APNs certificate: the enrolled devices have a say in its upload and its end."""

from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from commands.services.apns_certificates import complete_certificate, delete_certificate
from config.api.envelopes import enveloped
from config.api.openapi import enveloped as enveloped_schema
from config.api.openapi import operation
from config.api.parsers import BoundedFormParser
from config.api.views import validated
from tenants.authentication import caller_of
from tenants.selectors import get_apns_certificate
from tenants.serializers.apns_certificates import (
    ApnsCertificateDeleteInput,
    ApnsCertificateOutput,
    ApnsCertificateUploadInput,
    apns_certificate_document,
)
from tenants.views.apns_certificates import CERTIFICATE_ID, TAG, ApnsCertificateViewSet


class ManagedApnsCertificateViewSet(ApnsCertificateViewSet):
    parser_classes: list[type[BaseParser]] = [BoundedFormParser]

    @operation(
        "uploadApnsCertificate",
        "Upload APNs certificate",
        description="Upload the signed APNs certificate obtained from the apple identity console. One of another topic "
        "or Apple ID than that of the enrolled devices is refused (400), unless a further part `force` says `true`.",
        tag=TAG,
        request={"multipart/form-data": ApnsCertificateUploadInput},
        answer=enveloped_schema("ApnsCertificateAnswer", ApnsCertificateOutput),
        answer_text="Uploaded APNs certificate meta Information",
        errors=(400, 401, 404, 500),
        parameters=[CERTIFICATE_ID],
    )
    def update(self, request: Request, id: str) -> Response:
        caller = caller_of(request)
        row = get_apns_certificate(tenant=caller.tenant, certificate_id=id)
        told = validated(ApnsCertificateUploadInput, request)
        file = told.pop("file").read()
        completed = complete_certificate(certificate=row, file=file, actor=caller.actor, **told)
        return enveloped(apns_certificate_document(completed), message="APNs certificate uploaded")

    @operation(
        "deleteApnsCertificate",
        "Delete a APNs certificate",
        description="Refused (400) while enrolled devices depend on it, unless the query says `force=true`.",
        tag=TAG,
        answer=None,
        status=204,
        answer_text="Deleted APNs certificate",
        errors=(400, 401, 404, 500),
        parameters=[CERTIFICATE_ID],
    )
    def destroy(self, request: Request, id: str) -> Response:
        caller = caller_of(request)
        row = get_apns_certificate(tenant=caller.tenant, certificate_id=id)
        asked = ApnsCertificateDeleteInput(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        delete_certificate(certificate=row, actor=caller.actor, **asked.validated_data)
        return Response(status=204)
