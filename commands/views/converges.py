"""The converge routes."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample
from rest_framework.request import Request
from rest_framework.response import Response

from commands.converge_selectors import commands_of_converge, get_converge, list_converges
from commands.converge_serializers import (
    ConvergeCommandOutput,
    ConvergeInput,
    ConvergeListInput,
    ConvergeOutput,
    converge_command_document,
    converge_document,
)
from commands.models import Converge
from commands.services.converges.creation import create_converge
from config.api.envelopes import contained
from config.api.errors import BadRequest, NotFound
from config.api.openapi import contained as contained_schema
from config.api.openapi import operation, paged, paging, path, query
from config.api.paging import page
from config.api.views import ApiViewSet, validated
from devices.models import Device
from devices.selectors import get_device
from tenants.authentication import caller_of
from tenants.models import Tenant

CONVERGE_ID = path("id", "ID of the converge object")
ANSWER = contained_schema("ConvergeAnswer", ConvergeOutput)
DESCRIPTION = (
    "API to create a converge action for a device: what differs from the latest published version of its blueprint is "
    "sent to it. Refused (400) without such a version, or if the device is not provisioned. A device's converges run "
    "one after the other."
)
EXAMPLE = OpenApiExample(
    "Converge",
    value={
        "device_id": "3bafab7b-4400-4bcf-8e6e-09f954699940",
        "converge_with_provision_option": False,
        "schedule_type": "IMMEDIATE",
        "schedule_args": {},
    },
    request_only=True,
)


class ConvergeViewSet(ApiViewSet):
    queryset = Converge.objects.none()
    needs_private_url = frozenset({"list", "create"})

    @operation(
        "listConverges",
        "List converge action",
        description="API to get and filter converge action",
        tag="Converge",
        answer=contained_schema("ConvergeListAnswer", paged("ConvergePage", ConvergeOutput)),
        answer_text="Converge action list for the Tenant",
        parameters=[
            query("device_ids", description="Filter by device IDs. Accepts comma separated values."),
            *paging(OpenApiTypes.NUMBER),
        ],
    )
    def list(self, request: Request) -> Response:
        rows = list_converges(caller_of(request).tenant, **validated(ConvergeListInput, request))
        return contained(page(request, rows, converge_document))

    @operation(
        "createConverge",
        "Create a converge action",
        description=DESCRIPTION,
        tag="Converge",
        request=ConvergeInput,
        examples=[EXAMPLE],
        answer=ANSWER,
        status=201,
        answer_text="Converge action successfully created.",
        errors=(400, 401, 500),
    )
    def create(self, request: Request) -> Response:
        caller = caller_of(request)
        told = validated(ConvergeInput, request)
        device = _named_device(caller.tenant, told.pop("device_id"))
        provision = told.pop("converge_with_provision_option")
        created = create_converge(
            tenant=caller.tenant,
            actor=caller.actor,
            device=device,
            provision=provision,
            time_zone=caller.time_zone,
            **told,
        )
        return contained(converge_document(created), status=201)

    @operation(
        "getConverge",
        "Get converge action",
        description="API to get a converge action",
        tag="Converge",
        answer=ANSWER,
        answer_text="Converge information",
        errors=(401, 404, 500),
        parameters=[CONVERGE_ID],
    )
    def retrieve(self, request: Request, id: str) -> Response:
        return contained(converge_document(get_converge(tenant=caller_of(request).tenant, converge_id=id)))


class ConvergeCommandViewSet(ApiViewSet):
    queryset = Converge.objects.none()

    @operation(
        "listConvergeCommands",
        "List commands fires for converge action",
        description="API to get and filter commands fired for converge action",
        tag="Converge Command",
        answer=contained_schema("ConvergeCommandListAnswer", paged("ConvergeCommandPage", ConvergeCommandOutput)),
        answer_text="List of commands fired for converge action for the tenant",
        errors=(401, 404, 500),
        parameters=[CONVERGE_ID, *paging(OpenApiTypes.NUMBER)],
    )
    def list(self, request: Request, id: str) -> Response:
        converge = get_converge(tenant=caller_of(request).tenant, converge_id=id)
        return contained(page(request, commands_of_converge(converge), converge_command_document))


def _named_device(tenant: Tenant, device_id: object) -> Device:
    """As the body of a request names it: a 400 if it is not there, as for commands."""
    try:
        return get_device(tenant=tenant, device_id=str(device_id))
    except NotFound:
        raise BadRequest(f"invalid device id: {device_id}", content={"invalid_device_ids": [str(device_id)]}) from None
