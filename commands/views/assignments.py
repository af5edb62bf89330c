"""The routes that assign blueprints to devices and groups, and take them away."""

from collections.abc import Callable

from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from commands.assignment_serializers import (
    AssignmentInput,
    AssignmentOutput,
    once_each,
)
from commands.blueprint_selectors import get_blueprint
from commands.services.assignments import Changed, assign_blueprint, withdraw_blueprint
from config.api.envelopes import enveloped
from config.api.openapi import enveloped as enveloped_schema
from config.api.openapi import operation, path
from config.api.views import ApiViewSet, validated
from devices.models import Blueprint
from tenants.authentication import caller_of

ASSIGN_DESCRIPTION = (
    "Makes the blueprint the devices' and groups' own, all or none. Groups hand it down to what is below them. Nothing "
    "is sent by it: it reaches devices with their next converge."
)
WITHDRAW_DESCRIPTION = (
    "Takes the same body as POST. The blueprint is taken away from those of the devices and groups that have it as "
    "their own, all or none; what their group gives is then in force. Nothing is sent by it."
)
BLUEPRINT = path("blueprint_id", "ID of the blueprint", OpenApiTypes.UUID)
ASSIGNED = enveloped_schema("AssignmentAnswer", AssignmentOutput)


class AssignmentViewSet(ApiViewSet):
    needs_private_url = False
    tenant_header_is_uuid = True
    needs_body = True
    queryset = Blueprint.objects.none()

    @operation(
        "assignBlueprint",
        "Assign a blueprint to devices and groups",
        description=ASSIGN_DESCRIPTION,
        tag="Blueprints",
        request=AssignmentInput,
        answer=ASSIGNED,
        errors=(400, 401, 404, 500),
        parameters=[BLUEPRINT],
    )
    def create(self, request: Request, blueprint_id: str) -> Response:
        return _change(request, blueprint_id, assign_blueprint)

    @operation(
        "withdrawBlueprint",
        "Take a blueprint away from devices and groups",
        description=WITHDRAW_DESCRIPTION,
        tag="Blueprints",
        request=AssignmentInput,
        answer=ASSIGNED,
        errors=(400, 401, 404, 500),
        parameters=[BLUEPRINT],
    )
    def destroy(self, request: Request, blueprint_id: str) -> Response:
        return _change(request, blueprint_id, withdraw_blueprint)


def _change(request: Request, blueprint_id: str, change: Callable[..., Changed]) -> Response:
    caller = caller_of(request)
    blueprint = get_blueprint(tenant=caller.tenant, blueprint_id=blueprint_id)
    named = validated(AssignmentInput, request)
    devices, groups = named.get("device_ids", []), named.get("group_ids", [])
    done = change(tenant=caller.tenant, actor=caller.actor, blueprint=blueprint, device_ids=devices, group_ids=groups)
    return enveloped(
        {
            "blueprint_id": blueprint.pk,
            "device_ids": once_each(devices),
            "group_ids": once_each(groups),
            "changed_device_ids": once_each(devices, set(done.devices)),
            "changed_group_ids": once_each(groups, set(done.groups)),
        }
    )
