"""One device: reading it is the devices' room's business, removing it ends its commands."""

from rest_framework.request import Request
from rest_framework.response import Response

from commands.services.removal import remove_device
from config.api.envelopes import enveloped
from config.api.openapi import enveloped as enveloped_schema
from config.api.openapi import operation, path
from devices.selectors import get_device
from devices.serializers import DeviceOutput, device_document
from devices.views.devices import DeviceViewSet
from tenants.authentication import caller_of


class ManagedDeviceViewSet(DeviceViewSet):
    @operation(
        "deleteDevice",
        "Delete a Device. Only supports Apple devices.",
        tag="Device",
        answer=enveloped_schema("DeviceAnswer", DeviceOutput),
        answer_text="Details of the device",
        errors=(400, 401, 404, 500),
        parameters=[path("id", "ID of the device")],
    )
    def destroy(self, request: Request, id: str) -> Response:
        caller = caller_of(request)
        removed = remove_device(device=get_device(tenant=caller.tenant, device_id=id), actor=caller.actor)
        shown = get_device(tenant=caller.tenant, device_id=removed.pk)
        return enveloped(device_document(shown), message="Device deleted")
