"""The routes of a tenant's own apps."""

from drf_spectacular.types import OpenApiTypes
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from apps_domain.models import TenantApp
from apps_domain.selectors.tenant_apps import (
    get_tenant_app,
    get_tenant_app_version,
    list_tenant_app_versions,
    list_tenant_apps,
)
from apps_domain.serializers.tenant_apps import (
    TenantAppListInput,
    TenantAppOutput,
    TenantAppUploadInput,
    UploadedAppOutput,
    VersionDetailOutput,
    VersionListInput,
    VersionOutput,
    VersionUpdateInput,
    tenant_app_document,
    uploaded_app_document,
    version_detail,
    version_document,
)
from apps_domain.services.tenant_apps import (
    add_tenant_app_version,
    delete_tenant_app_version,
    describe_tenant_app_version,
)
from apps_domain.uploads import AppFormParser, discarding_upload
from config.api.envelopes import contained
from config.api.openapi import contained as contained_schema
from config.api.openapi import operation, paged, paging, path, query
from config.api.paging import page
from config.api.parsers import ORJSONParser
from config.api.views import ApiViewSet, validated
from tenants.authentication import caller_of

TAG = "Tenant Apps"
APP = path("appId", "ID of the app", OpenApiTypes.UUID)
VERSION = path("versionId", "ID of the version", OpenApiTypes.UUID)


class TenantAppViewSet(ApiViewSet):
    needs_private_url = frozenset({"list"})
    tenant_header_is_uuid = True
    needs_body = True
    parser_classes = [AppFormParser]
    queryset = TenantApp.objects.none()

    @operation(
        "listTenantApps",
        "Get tenant apps for a tenant",
        tag=TAG,
        answer=contained_schema("TenantAppListAnswer", paged("TenantAppPage", TenantAppOutput, back=("prev",))),
        errors=(400, 401, 500),
        parameters=[
            *paging(OpenApiTypes.NUMBER),
            query("platform", enum=TenantApp.Platform.values),
            query("package_name", description="Bundle identifier, whole"),
            query("app_name", description="Part of the name"),
        ],
    )
    def list(self, request: Request) -> Response:
        apps = list_tenant_apps(caller_of(request).tenant, **validated(TenantAppListInput, request))
        return contained(page(request, apps, tenant_app_document, back=("prev",)))

    @operation(
        "uploadTenantApp",
        "Upload tenant app for a tenant",
        tag=TAG,
        request={"multipart/form-data": TenantAppUploadInput},
        answer=contained_schema("UploadedAppAnswer", UploadedAppOutput),
        errors=(400, 401, 500),
    )
    def create(self, request: Request) -> Response:
        caller = caller_of(request)
        with discarding_upload(request):
            stored = validated(TenantAppUploadInput, request)["file"].stored
            version = add_tenant_app_version(tenant=caller.tenant, stored=stored, actor=caller.actor)
        return contained(uploaded_app_document(version))

    @operation(
        "getTenantApp",
        "Get tenant app by ID",
        tag=TAG,
        answer=contained_schema("TenantAppAnswer", TenantAppOutput),
        errors=(400, 401, 404, 500),
        parameters=[APP],
    )
    def retrieve(self, request: Request, appId: str) -> Response:
        return contained(tenant_app_document(get_tenant_app(tenant=caller_of(request).tenant, app_id=appId)))


class TenantAppVersionViewSet(ApiViewSet):
    needs_private_url = frozenset({"list"})
    tenant_header_is_uuid = True
    needs_body = True
    parser_classes: list[type[BaseParser]] = [ORJSONParser]
    queryset = TenantApp.objects.none()

    @operation(
        "listTenantAppVersions",
        "Get tenant app versions by app ID",
        tag=TAG,
        answer=contained_schema("VersionListAnswer", paged("VersionPage", VersionOutput, back=("prev",))),
        errors=(400, 401, 500),
        parameters=[APP, *paging(OpenApiTypes.NUMBER), query("app_name", description="Part of the name")],
    )
    def list(self, request: Request, appId: str) -> Response:
        tenant = caller_of(request).tenant
        app = get_tenant_app(tenant=tenant, app_id=appId)
        versions = list_tenant_app_versions(app, **validated(VersionListInput, request))
        return contained(page(request, versions, lambda row: version_document(row, tenant), back=("prev",)))

    @operation(
        "getTenantAppVersion",
        "Get tenant app version by ID",
        tag=TAG,
        answer=contained_schema("VersionDetailAnswer", VersionDetailOutput),
        errors=(400, 401, 404, 500),
        parameters=[APP, VERSION],
    )
    def retrieve(self, request: Request, appId: str, versionId: str) -> Response:
        tenant = caller_of(request).tenant
        version = get_tenant_app_version(tenant=tenant, app_id=appId, version_id=versionId)
        return contained(version_detail(version, tenant))

    @operation(
        "updateTenantAppVersion",
        "Update tenant app version by ID",
        tag=TAG,
        request=VersionUpdateInput,
        answer=contained_schema("VersionAnswer", VersionOutput),
        errors=(400, 401, 404, 500),
        parameters=[path("appId", "ID of the app"), VERSION],
    )
    def update(self, request: Request, appId: str, versionId: str) -> Response:
        caller, fields = caller_of(request), validated(VersionUpdateInput, request)
        version = describe_tenant_app_version(
            tenant=caller.tenant, app_id=appId, version_id=versionId, actor=caller.actor, **fields
        )
        return contained(version_document(version, caller.tenant))

    @operation(
        "deleteTenantAppVersion",
        "Delete tenant app version by ID",
        tag=TAG,
        answer=contained_schema("VersionAnswer", VersionOutput),
        errors=(400, 401, 404, 500),
        parameters=[APP, VERSION],
    )
    def destroy(self, request: Request, appId: str, versionId: str) -> Response:
        caller = caller_of(request)
        version = delete_tenant_app_version(
            tenant=caller.tenant, app_id=appId, version_id=versionId, actor=caller.actor
        )
        return contained(version_document(version, caller.tenant))
