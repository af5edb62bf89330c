"""The routes of device groups. Moving devices into one is in the commands' room, since it starts converges."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.envelopes import contained
from config.api.openapi import contained as contained_schema
from config.api.openapi import operation, paged, paging, path, query
from config.api.paging import page
from config.api.views import ApiViewSet, validated
from devices.models import DeviceGroup
from devices.selectors import get_group, list_groups, list_subgroups, named_blueprint, named_group
from devices.serializers.groups import (
    GROUP_ORDERINGS,
    DeviceGroupInput,
    DeviceGroupListInput,
    DeviceGroupOutput,
    DeviceGroupUpdateInput,
    SubgroupListInput,
    SubgroupsOutput,
    group_document,
)
from devices.services.groups import create_group, delete_group, update_group
from tenants.authentication import caller_of
from tenants.models import Tenant

TAG = "Device Groups"
GROUP = path("id", "ID of the group", OpenApiTypes.UUID)
ANSWER = contained_schema("DeviceGroupAnswer", DeviceGroupOutput)


def _references(tenant: Tenant, data: dict[str, Any]) -> dict[str, Any]:
    """The parent and the blueprint that a body names."""
    finders = {"parent": named_group, "blueprint": named_blueprint}
    return {name: find(tenant, data[f"{name}_id"]) for name, find in finders.items() if f"{name}_id" in data}


class DeviceGroupViewSet(ApiViewSet):
    needs_private_url = frozenset({"list"})
    tenant_header_is_uuid = True
    needs_body = True
    queryset = DeviceGroup.objects.none()

    @operation(
        "listDeviceGroups",
        "List device groups",
        tag=TAG,
        answer=contained_schema("DeviceGroupListAnswer", paged("DeviceGroupPage", DeviceGroupOutput, back=("prev",))),
        errors=(400, 401, 500),
        parameters=[
            *paging(OpenApiTypes.INT),
            query("name", description="Part of the name, in any case"),
            query("name_exact"),
            query("parent_id", OpenApiTypes.UUID, "Groups right below these"),
            query("blueprint_id", OpenApiTypes.UUID, "Groups whose own blueprint it is"),
            query("ordering", description=f"Comma-separated; `-` reverses: {', '.join(GROUP_ORDERINGS)}"),
        ],
    )
    def list(self, request: Request) -> Response:
        groups = list_groups(caller_of(request).tenant, **validated(DeviceGroupListInput, request))
        return contained(page(request, groups, group_document, back=("prev",)))

    @operation(
        "createDeviceGroup",
        "Create a device group",
        tag=TAG,
        request=DeviceGroupInput,
        answer=ANSWER,
        status=201,
        errors=(400, 401, 500),
    )
    def create(self, request: Request) -> Response:
        caller = caller_of(request)
        data = validated(DeviceGroupInput, request)
        named = _references(caller.tenant, data)
        group = create_group(tenant=caller.tenant, name=data["name"], actor=caller.actor, **named)
        return contained(group_document(get_group(tenant=caller.tenant, group_id=group.pk)), status=201)

    @operation(
        "getDeviceGroup",
        "Get a device group",
        tag=TAG,
        answer=ANSWER,
        errors=(400, 401, 404, 500),
        parameters=[GROUP],
    )
    def retrieve(self, request: Request, id: str) -> Response:
        return contained(group_document(get_group(tenant=caller_of(request).tenant, group_id=id)))

    @operation(
        "updateDeviceGroup",
        "Rename or move a device group, or give it a blueprint",
        tag=TAG,
        request=DeviceGroupUpdateInput,
        answer=ANSWER,
        errors=(400, 401, 404, 500),
        parameters=[GROUP],
    )
    def update(self, request: Request, id: str) -> Response:
        caller = caller_of(request)
        group = get_group(tenant=caller.tenant, group_id=id)
        data = validated(DeviceGroupUpdateInput, request)
        kept = {"name": group.name, "parent": group.parent, "blueprint": group.blueprint}
        said = {key: data[key] for key in ("name",) if key in data} | _references(caller.tenant, data)
        update_group(group=group, actor=caller.actor, **{**kept, **said})
        return contained(group_document(get_group(tenant=caller.tenant, group_id=id)))

    @operation(
        "deleteDeviceGroup",
        "Delete a device group",
        tag=TAG,
        answer=ANSWER,
        answer_text="The group as it was",
        errors=(400, 401, 404, 409, 500),
        parameters=[GROUP],
    )
    def destroy(self, request: Request, id: str) -> Response:
        group = get_group(tenant=caller_of(request).tenant, group_id=id)
        shown = group_document(group)
        delete_group(group=group, actor=caller_of(request).actor)
        return contained(shown)


class SubgroupViewSet(ApiViewSet):
    tenant_header_is_uuid = True
    queryset = DeviceGroup.objects.none()

    @operation(
        "listSubgroups",
        "List the groups below others",
        tag=TAG,
        answer=contained_schema("SubgroupListAnswer", SubgroupsOutput),
        errors=(400, 401, 500),
        parameters=[
            query("parent_group_ids", description="Comma-separated ids of groups", required=True),
            query("immediate", OpenApiTypes.BOOL, "Only those right below them", default=False),
        ],
    )
    def list(self, request: Request) -> Response:
        query = validated(SubgroupListInput, request)
        found = list_subgroups(caller_of(request).tenant, query["parent_group_ids"], immediate=query["immediate"])
        return contained({"subgroups": found})
