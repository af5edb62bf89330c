"""SCEP for device identities (RFC 8894): GetCACaps, GetCACert, PKIOperation by GET or POST."""

import uuid

import structlog
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse

from config.api.bodies import read_body
from config.api.client import client_address
from onboarding.scep import messages
from onboarding.services.identities import issue_for_request
from tenants.models import Tenant
from tenants.services.authority import Authority, open_authority

log = structlog.get_logger(__name__)

CAPABILITIES = "POSTPKIOperation\nRenewal\nSHA-1\nSHA-256\nSHA-512\nDES3\nAES\nSCEPStandard\n"
MAX_MESSAGE = 64 * 1024


def scep(request: HttpRequest, tenant_id: uuid.UUID) -> HttpResponse:
    tenant = Tenant.objects.filter(pk=tenant_id, device_authority__isnull=False).first()
    if tenant is None:
        return _plain(404, "No such authority.")
    operation = request.GET.get("operation", "")
    if operation == "GetCACaps":
        return HttpResponse(CAPABILITIES, content_type="text/plain")
    if operation == "GetCACert":
        return HttpResponse(_certificate(tenant), content_type="application/x-x509-ca-cert")
    if operation == "PKIOperation":
        return _pki_operation(request, tenant)
    return _plain(400, "The operation must be GetCACaps, GetCACert or PKIOperation.")


def _certificate(tenant: Tenant) -> bytes:
    authority = open_authority(tenant=tenant)
    return authority.certificate.public_bytes(Encoding.DER)


def _pki_operation(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    authority = open_authority(tenant=tenant)
    try:
        return HttpResponse(_answer(_message(request), tenant, authority), content_type="application/x-pki-message")
    except messages.ScepError as error:
        log.warning("scep_unreadable", reason=str(error), source=client_address(request))
        return _plain(400, f"{error}.")
    except RequestDataTooBig:
        return _plain(413, "The message is too large.")


def _message(request: HttpRequest) -> bytes:
    """A POST carries the message as its body, whatever else stands in the query."""
    if request.method == "POST":
        return read_body(request, MAX_MESSAGE)
    return messages.decode_get_message(request.GET.get("message", ""))


def _answer(message: bytes, tenant: Tenant, authority: Authority) -> bytes:
    """The CertRep; a refusal is one too, as long as it is known to whom."""
    try:
        request = messages.parse_request(
            message, authority_certificate=authority.certificate, authority_key=authority.private_key
        )
        issued = issue_for_request(tenant=tenant, authority=authority, request=request)
        return messages.success(
            request,
            issued=issued,
            authority_certificate=authority.certificate,
            authority_key=authority.private_key,
        )
    except messages.ScepError as error:
        if error.transaction is None:
            raise
        return messages.failure(
            error.transaction,
            error.fail_info,
            authority_certificate=authority.certificate,
            authority_key=authority.private_key,
        )


def _plain(status: int, text: str) -> HttpResponse:
    return HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8")
