"""The command status routes."""

from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from commands.models import CommandStatus
from commands.models.status import State
from commands.selectors import get_command_status, list_command_statuses
from commands.serializers import CommandStatusInput, CommandStatusListInput, CommandStatusOutput, status_document
from commands.services.queue import cancel_command_status
from config.api.envelopes import enveloped
from config.api.openapi import enveloped as enveloped_schema
from config.api.openapi import operation, paged, paging, path, query
from config.api.paging import page
from config.api.views import ApiViewSet, validated
from tenants.authentication import caller_of

TAG = "Command Status"
STATUS_ID = path("id", "ID of the command status object")


class CommandStatusViewSet(ApiViewSet):
    queryset = CommandStatus.objects.none()

    @operation(
        "listCommandStatuses",
        "Get status list for command request",
        description="API to get and filter command request status",
        tag=TAG,
        answer=enveloped_schema("CommandStatusListAnswer", paged("CommandStatusPage", CommandStatusOutput)),
        answer_text="Status list for a command request",
        parameters=[
            query(
                "request", description="Filter status result by command request IDs. Accepts comma separated values."
            ),
            query("device", description="Filter status result by device IDs. Accepts comma separated values."),
            query("state", description="Filter by command state", enum=State.values),
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
        statuses = list_command_statuses(caller_of(request).tenant, **validated(CommandStatusListInput, request))
        return enveloped(page(request, statuses, status_document))

    @operation(
        "getCommandStatus",
        "Get a command status",
        description="API to get a command status",
        tag=TAG,
        answer=enveloped_schema("CommandStatusAnswer", CommandStatusOutput),
        answer_text="Command status information",
        errors=(401, 404, 500),
        parameters=[STATUS_ID],
    )
    def retrieve(self, request: Request, id: str) -> Response:
        return enveloped(status_document(get_command_status(tenant=caller_of(request).tenant, status_id=id)))

    @operation(
        "updateCommandStatus",
        "Update command status",
        description="API to update a command status state",
        tag=TAG,
        request=CommandStatusInput,
        answer=enveloped_schema("CommandStatusAnswer", CommandStatusOutput),
        answer_text="Command status successfully updated.",
        errors=(400, 401, 500),
        parameters=[STATUS_ID],
    )
    def update(self, request: Request, id: str) -> Response:
        status = get_command_status(tenant=caller_of(request).tenant, status_id=id)
        validated(CommandStatusInput, request)
        cancelled = cancel_command_status(status=status, actor=caller_of(request).actor)
        return enveloped(status_document(cancelled), message="Command status updated")
