"""The store look-up route."""

from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from apps_domain.models import StoreApp
from apps_domain.serializers.store import ItunesAppInput, ItunesAppOutput, itunes_app_document
from apps_domain.services.store import look_up_apps
from config.api.envelopes import contained
from config.api.openapi import contained as contained_schema
from config.api.openapi import operation, paged, query
from config.api.paging import page
from config.api.views import ApiViewSet, validated
from tenants.authentication import caller_of


class ItunesAppViewSet(ApiViewSet):
    tenant_header_is_uuid = True
    queryset = StoreApp.objects.none()

    @operation(
        "listItunesApps",
        "Get iOS App Info (v2)",
        description="API to get information about iOS App based on App ID or Apple App ID",
        tag="Itunes App Info",
        answer=contained_schema("ItunesAppListAnswer", paged("ItunesAppPage", ItunesAppOutput, back=("prev",))),
        errors=(400, 401, 500),
        parameters=[
            query("app_id", OpenApiTypes.UUID, "This server's id of the app"),
            query("apple_app_id", description="Apple's id of the app; one of the two is needed"),
        ],
    )
    def list(self, request: Request) -> Response:
        apps = look_up_apps(tenant=caller_of(request).tenant, **validated(ItunesAppInput, request))
        return contained(page(request, apps, itunes_app_document, back=("prev",)))
