"""The routes of licences (Apps and Books, VPP)."""

from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from apps_domain.models import VppLicence
from apps_domain.selectors.licences import get_licence, licences_by_app
from apps_domain.serializers.licences import VppLicenceOutput, vpp_licence_document
from config.api.envelopes import enveloped
from config.api.openapi import enveloped as enveloped_schema
from config.api.openapi import operation, paged, path
from config.api.paging import page
from config.api.views import ApiViewSet
from tenants.authentication import caller_of

TAG = "VPP License Management"


class VppLicenceViewSet(ApiViewSet):
    tenant_header_is_uuid = True
    queryset = VppLicence.objects.none()

    @operation(
        "listVppLicenses",
        "Get VPP License List",
        description="API to get list of vpp licenses with the given VPP token",
        tag=TAG,
        answer=enveloped_schema("VppLicenseListAnswer", paged("VppLicensePage", VppLicenceOutput, back=("prev",))),
    )
    def list(self, request: Request) -> Response:
        licences = licences_by_app(caller_of(request).tenant)
        return enveloped(page(request, licences, vpp_licence_document, back=("prev",)))

    @operation(
        "getVppLicense",
        "Get VPP License Info about an App",
        description="API to get info of vpp license of the given App",
        tag=TAG,
        answer=enveloped_schema("VppLicenseAnswer", VppLicenceOutput),
        errors=(401, 404, 500),
        parameters=[path("appId", "Apple's id of the app", OpenApiTypes.INT)],
    )
    def retrieve(self, request: Request, appId: str) -> Response:
        return enveloped(vpp_licence_document(get_licence(tenant=caller_of(request).tenant, adam_id=appId)))
