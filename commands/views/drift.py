"""What differs between a device and its blueprint, and asking the device anew."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from commands.drift_serializers import DriftOutput, drift_document
from commands.services.drift.checking import fresh_report
from commands.services.drift.requests import ask_device
from config.api.envelopes import contained
from config.api.openapi import contained as contained_schema
from config.api.openapi import operation, path
from config.api.views import ApiViewSet
from devices.models import Device, DriftReport
from devices.selectors import get_device
from tenants.authentication import caller_of

DEVICE = path("id", "ID of the device", OpenApiTypes.UUID)
ANSWER = contained_schema("DriftAnswer", DriftOutput)
ASK_DESCRIPTION = (
    "Asks the device what it has, unless it is being asked already. Read the differences again some seconds after it "
    "has answered: `inventory` says when it did."
)


class DriftViewSet(ApiViewSet):
    needs_private_url = False
    tenant_header_is_uuid = True
    queryset = DriftReport.objects.none()

    @operation(
        "getDrift",
        "Get what differs between a device and its blueprint",
        tag="Drift",
        answer=ANSWER,
        errors=(401, 404, 500),
        parameters=[DEVICE],
    )
    def retrieve(self, request: Request, id: str) -> Response:
        return contained(_told(request, id))

    @operation(
        "askDevice",
        "Ask a device anew what it has",
        description=ASK_DESCRIPTION,
        tag="Drift",
        answer=ANSWER,
        status=202,
        errors=(400, 401, 404, 500),
        parameters=[DEVICE],
    )
    def create(self, request: Request, id: str) -> Response:
        ask_device(device=_device(request, id), actor=caller_of(request).actor)
        return contained(_told(request, id), status=202)


def _device(request: Request, device_id: str) -> Device:
    return get_device(tenant=caller_of(request).tenant, device_id=device_id)


def _told(request: Request, device_id: str) -> dict[str, Any]:
    """The device is read again after the comparison, which its status follows."""
    report = fresh_report(_device(request, device_id))
    return drift_document(_device(request, device_id), report)
