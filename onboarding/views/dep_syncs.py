"""The DEP sync routes."""

from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.envelopes import enveloped
from config.api.openapi import enveloped as enveloped_schema
from config.api.openapi import operation, paged, path
from config.api.paging import page
from config.api.views import ApiViewSet, validated
from onboarding.models import DepSync
from onboarding.selectors.dep_syncs import get_dep_sync, list_dep_syncs
from onboarding.serializers.dep_syncs import (
    DepSyncCreateInput,
    DepSyncOutput,
    DepSyncRequestOutput,
    dep_sync_document,
    dep_sync_request_document,
)
from onboarding.services.dep.sync_requests import request_sync
from tenants.authentication import caller_of

TAG = "DEP Sync Request"


class DepSyncViewSet(ApiViewSet):
    needs_private_url = frozenset({"create"})
    needs_body = True
    queryset = DepSync.objects.none()

    @operation(
        "listDepSyncs",
        "List all DEP sync requests for the tenant",
        description="Returns all the DEP sync requests for the tenant, latest first; those of every hour too. The "
        "query may have `limit` and `offset`. Of each sync the first hundred failed devices are listed.",
        tag=TAG,
        answer=enveloped_schema("DepSyncListAnswer", paged("DepSyncPage", DepSyncOutput)),
        answer_text="DEP sync request list for the Tenant",
    )
    def list(self, request: Request) -> Response:
        return enveloped(page(request, list_dep_syncs(caller_of(request).tenant), dep_sync_document))

    @operation(
        "createDepSync",
        "Create a DEP sync request",
        description="API to create a DEP sync request. All of the tenant's MDM servers at Apple are read as soon as a "
        "worker is free. One sync runs at a time: if one is open, that is the answer.",
        tag=TAG,
        request={"application/json": OpenApiTypes.OBJECT},
        answer=enveloped_schema("DepSyncRequestAnswer", DepSyncRequestOutput),
        answer_text="DEP sync request successfully created.",
        errors=(400, 401, 500),
    )
    def create(self, request: Request) -> Response:
        validated(DepSyncCreateInput, request)
        caller = caller_of(request)
        sync = request_sync(tenant=caller.tenant, actor=caller.actor)
        return enveloped(dep_sync_request_document(sync), message="DEP sync request created")

    @operation(
        "getDepSync",
        "Get a DEP sync request",
        description="API to get a DEP sync request",
        tag=TAG,
        answer=enveloped_schema("DepSyncAnswer", DepSyncOutput),
        answer_text="DEP sync request information",
        errors=(401, 404, 500),
        parameters=[path("id", "ID of the DEP sync request object", OpenApiTypes.STR)],
    )
    def retrieve(self, request: Request, id: str) -> Response:
        return enveloped(dep_sync_document(get_dep_sync(tenant=caller_of(request).tenant, sync_id=id)))
