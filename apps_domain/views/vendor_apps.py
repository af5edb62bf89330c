"""The route of apps that the operator publishes; the API calls them Esper apps."""

from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from apps_domain.models import VendorAppVersion
from apps_domain.selectors.vendor_apps import list_vendor_versions
from apps_domain.serializers.vendor_apps import VendorAppListInput, VendorAppOutput, vendor_app_document
from config.api.envelopes import contained
from config.api.openapi import contained as contained_schema
from config.api.openapi import operation, paged, paging, query
from config.api.paging import page
from config.api.views import ApiViewSet, validated
from tenants.authentication import caller_of


class VendorAppViewSet(ApiViewSet):
    tenant_header_is_uuid = True
    queryset = VendorAppVersion.objects.none()

    @operation(
        "listTenantEsperApps",
        "Get esper apps for a tenant",
        tag="Tenant Esper Apps",
        answer=contained_schema("VendorAppListAnswer", paged("VendorAppPage", VendorAppOutput, back=("prev",))),
        errors=(400, 401, 500),
        parameters=[
            *paging(OpenApiTypes.NUMBER),
            query("package_name", description="Package name or bundle identifier, whole"),
        ],
    )
    def list(self, request: Request) -> Response:
        tenant = caller_of(request).tenant
        versions = list_vendor_versions(tenant, **validated(VendorAppListInput, request))
        return contained(page(request, versions, lambda row: vendor_app_document(row, tenant), back=("prev",)))
