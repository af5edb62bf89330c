"""The device and heartbeat routes."""

from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.envelopes import enveloped
from config.api.errors import BadRequest
from config.api.openapi import enveloped as enveloped_schema
from config.api.openapi import operation, paged, paging, path, query
from config.api.paging import page
from config.api.views import ApiViewSet, validated
from devices.models import Device, Platform
from devices.selectors import ORDERINGS, device_settings, get_device, last_seen, list_devices, list_heartbeats
from devices.serializers import (
    DeviceListInput,
    DeviceOutput,
    DeviceStateOutput,
    HeartbeatListInput,
    HeartbeatOutput,
    device_document,
    heartbeat_document,
)
from tenants.authentication import caller_of

DEVICE_ID = path("id", "ID of the device", OpenApiTypes.UUID)
DEVICE_PAGE_LINKS = ("prev", "previous")  # clients of either spelling exist

DEVICE_FILTERS = [
    *paging(OpenApiTypes.INT),
    query("ordering", description=f"Comma-separated; `-` reverses: {', '.join(ORDERINGS)}"),
    query("serial"),
    query("udid"),
    query("android_version", description="`14` matches 14 and 14.1"),
    query("ios_version"),
    query("ipados_version"),
    query("state", description="Comma-separated state codes, or active, inactive, disabled"),
    query("battery_level_gte"),
    query("battery_level_lte"),
    query("is_gms", OpenApiTypes.BOOL),
    query("active_connection"),
    query("group_multi", OpenApiTypes.UUID, "Groups and their subgroups"),
    query("group_multi_immediate", OpenApiTypes.UUID, "Groups without their subgroups"),
    query("assigned_blueprint_id", OpenApiTypes.UUID),
    query("current_blueprint_id", OpenApiTypes.UUID),
    query("current_blueprint_version_id", OpenApiTypes.UUID),
    query("current_blueprint_version_id_net", OpenApiTypes.UUID, "Devices whose current version is another"),
    query("platform", enum=Platform.values),
    query("os", enum=["iOS", "iPadOS", "Android"]),
    query("device_source", description="Comma-separated: ABM, NON_ABM"),
    query(
        "search",
        description="Search devices by multiOS -> name, serial, imei, model. Apple -> udid. "
        "Android -> iccid, phone number, brand, wifi, manufacturer, hardware",
    ),
]


class DeviceViewSet(ApiViewSet):
    tenant_header_is_uuid = True
    queryset = Device.objects.none()

    @operation(
        "listDevices",
        "Get all devices in the tenant",
        tag="Device",
        answer=enveloped_schema("DeviceListAnswer", paged("DevicePage", DeviceOutput, back=DEVICE_PAGE_LINKS)),
        answer_text="Device information for the Tenant",
        errors=(400, 401, 500),
        parameters=DEVICE_FILTERS,
    )
    def list(self, request: Request) -> Response:
        devices = list_devices(caller_of(request).tenant, **validated(DeviceListInput, request))
        return enveloped(page(request, devices, device_document, back=DEVICE_PAGE_LINKS))

    @operation(
        "getDevice",
        "Get details of a Device",
        tag="Device",
        answer=enveloped_schema("DeviceAnswer", DeviceOutput),
        answer_text="Details of the device",
        errors=(400, 401, 404, 500),
        parameters=[DEVICE_ID],
    )
    def retrieve(self, request: Request, id: str) -> Response:
        return enveloped(device_document(get_device(tenant=caller_of(request).tenant, device_id=id)))


class DeviceStateViewSet(ApiViewSet):
    tenant_header_is_uuid = True
    queryset = Device.objects.none()

    @operation(
        "getDeviceState",
        "Get details of Current Device State",
        tag="Device",
        answer=DeviceStateOutput,
        answer_text="Details of the current device state",
        errors=(400, 401, 404, 500),
        parameters=[DEVICE_ID],
    )
    def retrieve(self, request: Request, id: str) -> Response:
        device = get_device(tenant=caller_of(request).tenant, device_id=id)
        return Response(DeviceStateOutput(device_settings(device)).data)


class HeartbeatViewSet(ApiViewSet):
    needs_private_url = False
    tenant_header_is_uuid = True
    queryset = Device.objects.none()

    @operation(
        "getHeartbeat",
        "Get last seen of a Device. Only supports Apple devices.",
        tag="Device Heartbeat",
        answer=enveloped_schema("HeartbeatAnswer", HeartbeatOutput),
        answer_text="Last seen details of the device",
        errors=(400, 401, 404, 500),
        parameters=[DEVICE_ID],
    )
    def retrieve(self, request: Request, id: str) -> Response:
        device = get_device(tenant=caller_of(request).tenant, device_id=id)
        if not device.is_apple:
            raise BadRequest("This operation supports Apple devices only; use the list of heartbeats.")
        return enveloped(heartbeat_document(device.pk, last_seen(device)))

    @operation(
        "listHeartbeats",
        "Get list of heartbeat details for devices",
        tag="Device Heartbeat",
        answer=enveloped_schema("HeartbeatListAnswer", paged("HeartbeatPage", HeartbeatOutput, back=("prev",))),
        answer_text="Last seen details of the device",
        errors=(400, 401, 500),
        parameters=[
            query("last_seen_gt", OpenApiTypes.DATE, "From (2023-08-30T00:00:00.000Z, or a date)", required=True),
            query("last_seen_lt", OpenApiTypes.DATE, "To (2023-08-30T00:00:00.000Z, or a date)", required=True),
            query("platform", description="platform of the device", enum=Platform.values),
            *paging(OpenApiTypes.INT),
        ],
    )
    def list(self, request: Request) -> Response:
        heartbeats = list_heartbeats(caller_of(request).tenant, **validated(HeartbeatListInput, request))
        return enveloped(
            page(request, heartbeats, lambda row: heartbeat_document(row.device_id, row.last_seen), back=("prev",))
        )
