"""The routes of apps on devices. What they answer has no `content` around it, as the page documents."""

from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from apps_domain.models import AppType, DeviceApp
from apps_domain.selectors.device_apps import devices_with_app, list_device_apps
from apps_domain.serializers.device_apps import (
    DeviceAppListInput,
    DeviceAppListOutput,
    DevicesWithAppInput,
    DeviceWithAppOutput,
    device_app_document,
    device_with_app_document,
)
from config.api.openapi import operation, paged, paging, path, query
from config.api.paging import page
from config.api.views import ApiViewSet, validated
from devices.selectors import get_device
from tenants.authentication import caller_of

TAG = "Device Apps"


class DeviceAppViewSet(ApiViewSet):
    tenant_header_is_uuid = True
    queryset = DeviceApp.objects.none()

    @operation(
        "listDeviceApps",
        "Get all apps for a device in the tenant",
        description="Returns all the apps for a device",
        tag=TAG,
        answer=DeviceAppListOutput,
        errors=(400, 401, 500),
        parameters=[
            path("deviceId", "ID of the device"),
            query("app type", description="App Type to filter list by", enum=AppType.values),
            *paging(OpenApiTypes.INT),
        ],
    )
    def list(self, request: Request, deviceId: str) -> Response:
        filters = validated(DeviceAppListInput, request)
        device = get_device(tenant=caller_of(request).tenant, device_id=deviceId)
        found = page(request, list_device_apps(device, **filters), device_app_document)
        return Response({"results": found["results"]})


class DevicesWithAppViewSet(ApiViewSet):
    tenant_header_is_uuid = True
    queryset = DeviceApp.objects.none()

    @operation(
        "listDevicesWithApp",
        "Get list of devices with an app by app_id or app_version_id.",
        tag=TAG,
        answer=paged("DevicesWithAppPage", DeviceWithAppOutput, back=("prev",)),
        errors=(400, 401, 500),
        parameters=[
            query("app_id", OpenApiTypes.UUID, "ID of the app; this or the other is needed"),
            query("app_version_id", OpenApiTypes.UUID, "ID of the version"),
        ],
    )
    def list(self, request: Request) -> Response:
        rows = devices_with_app(caller_of(request).tenant, **validated(DevicesWithAppInput, request))
        return Response(page(request, rows, device_with_app_document, back=("prev",)))
