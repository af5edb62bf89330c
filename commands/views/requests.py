"""The command request routes."""

from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from commands.models import CommandRequest
from commands.openapi import COMMAND_EXAMPLES
from commands.selectors import command_request_stats, get_command_request, list_command_requests
from commands.serializers import (
    CommandRequestInput,
    CommandRequestListInput,
    CommandRequestOutput,
    CommandRequestStatsOutput,
    request_document,
)
from commands.services.requests import create_command_request
from config.api.envelopes import enveloped
from config.api.openapi import enveloped as enveloped_schema
from config.api.openapi import operation, paged, paging, path, query
from config.api.paging import page
from config.api.views import ApiViewSet, validated
from tenants.authentication import caller_of

TAG = "Command Request"
REQUEST_ID = path("id", "ID of the command request object")


class CommandRequestViewSet(ApiViewSet):
    queryset = CommandRequest.objects.none()

    @operation(
        "listCommandRequests",
        "List command requests",
        description="API to get and filter command requests",
        tag=TAG,
        answer=enveloped_schema("CommandRequestListAnswer", paged("CommandRequestPage", CommandRequestOutput)),
        answer_text="Command request list for the Tenant",
        parameters=[
            query("devices", description="Filter by device IDs. Accepts comma separated values."),
            query("groups", description="Filter by group IDs. Accepts comma separated values."),
            query("command", description="Filter by command name"),
            query("schedule", description="Filter by schedule type", enum=CommandRequest.Schedule.values),
            query(
                "exclude_internal_commands",
                OpenApiTypes.BOOL,
                "Filter to exclude internal commands",
                default=False,
            ),
            *paging(OpenApiTypes.NUMBER),
        ],
    )
    def list(self, request: Request) -> Response:
        requests = list_command_requests(caller_of(request).tenant, **validated(CommandRequestListInput, request))
        return enveloped(page(request, requests, request_document))

    @operation(
        "createCommandRequest",
        "Create a command request",
        description="API to create a command request for set of devices/groups.",
        tag=TAG,
        request=CommandRequestInput,
        examples=COMMAND_EXAMPLES,
        answer=enveloped_schema("CommandRequestAnswer", CommandRequestOutput),
        status=201,
        answer_text="Command request successfully created.",
        errors=(400, 401, 500),
    )
    def create(self, request: Request) -> Response:
        caller = caller_of(request)
        told = validated(CommandRequestInput, request)
        created = create_command_request(tenant=caller.tenant, actor=caller.actor, time_zone=caller.time_zone, **told)
        return enveloped(request_document(created), status=201, message="Command request created")

    @operation(
        "getCommandRequest",
        "Get a command request",
        description="API to get a command request",
        tag=TAG,
        answer=enveloped_schema("CommandRequestAnswer", CommandRequestOutput),
        answer_text="Command request information",
        errors=(401, 404, 500),
        parameters=[REQUEST_ID],
    )
    def retrieve(self, request: Request, id: str) -> Response:
        return enveloped(request_document(get_command_request(tenant=caller_of(request).tenant, request_id=id)))

    @operation(
        "getCommandRequestStats",
        "Get stats of a command request",
        description="API to get a aggregrated status for a command request",
        tag=TAG,
        answer=enveloped_schema("CommandRequestStatsAnswer", CommandRequestStatsOutput),
        answer_text="Aggregrated status information for a command request.",
        errors=(401, 404, 500),
        parameters=[REQUEST_ID],
    )
    def stats(self, request: Request, id: str) -> Response:
        found = get_command_request(tenant=caller_of(request).tenant, request_id=id)
        return enveloped({"id": found.pk, "status": command_request_stats(found)})
