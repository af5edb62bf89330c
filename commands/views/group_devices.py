"""The route that moves devices into a group, and out of it."""

from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from commands.assignment_serializers import MoveInput, MoveOutput, TakeOutOutput, once_each
from commands.services.moves import move_devices, take_out_devices
from config.api.envelopes import contained
from config.api.openapi import contained as contained_schema
from config.api.openapi import operation, path
from config.api.views import ApiViewSet, validated
from devices.models import DeviceGroup
from devices.selectors import get_group
from tenants.authentication import caller_of

MOVE_DESCRIPTION = (
    "Moves 1 to 1,000 devices, all or none. Each that was elsewhere, is provisioned and gets its blueprint from the "
    "group converges to it, with the settings that are for provisioning only."
)
TAKE_OUT_DESCRIPTION = (
    "1 to 1,000 devices, named in a body as of `POST`; those of them that are in the group are in none afterwards. "
    "Their settings stay until they get another blueprint."
)
GROUP = path("id", "ID of the group", OpenApiTypes.UUID)


class GroupDevicesViewSet(ApiViewSet):
    needs_private_url = False
    tenant_header_is_uuid = True
    needs_body = True
    queryset = DeviceGroup.objects.none()

    @operation(
        "moveDevicesToGroup",
        "Move devices into a group",
        description=MOVE_DESCRIPTION,
        tag="Device Groups",
        request=MoveInput,
        answer=contained_schema("MoveAnswer", MoveOutput),
        errors=(400, 401, 404, 500),
        parameters=[GROUP],
    )
    def create(self, request: Request, id: str) -> Response:
        caller = caller_of(request)
        group = get_group(tenant=caller.tenant, group_id=id)
        ids = validated(MoveInput, request)["device_ids"]
        done = move_devices(tenant=caller.tenant, actor=caller.actor, device_ids=ids, group=group)
        moved, converging = set(done.moved), set(done.converging)
        return contained(
            {
                "group_id": group.pk,
                "device_ids": once_each(ids),
                "moved_device_ids": once_each(ids, moved),
                "converging_device_ids": once_each(ids, converging),
            }
        )

    @operation(
        "removeDevicesFromGroup",
        "Take devices out of a group",
        description=TAKE_OUT_DESCRIPTION,
        tag="Device Groups",
        request=MoveInput,
        answer=contained_schema("TakeOutAnswer", TakeOutOutput),
        errors=(400, 401, 404, 500),
        parameters=[GROUP],
    )
    def destroy(self, request: Request, id: str) -> Response:
        caller = caller_of(request)
        group = get_group(tenant=caller.tenant, group_id=id)
        ids = validated(MoveInput, request)["device_ids"]
        removed = set(take_out_devices(tenant=caller.tenant, actor=caller.actor, device_ids=ids, group=group))
        told = {"device_ids": once_each(ids), "removed_device_ids": once_each(ids, removed)}
        return contained({"group_id": group.pk, **told})
