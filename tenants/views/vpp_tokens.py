"""The VPP token routes."""

from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.envelopes import enveloped
from config.api.openapi import enveloped as enveloped_schema
from config.api.openapi import operation, paged, path
from config.api.paging import page
from config.api.parsers import BoundedFormParser
from config.api.views import ApiViewSet, validated
from tenants.authentication import caller_of
from tenants.models import Role, VppToken
from tenants.selectors import list_vpp_tokens
from tenants.serializers.apple_tokens import VppTokenOutput, VppTokenUploadInput, vpp_token_document
from tenants.services.vpp_tokens import create_vpp_token, delete_vpp_token

TAG = "VPP Token Management"


class VppTokenViewSet(ApiViewSet):
    needs_private_url = frozenset({"list"})
    write_role = Role.ADMIN
    parser_classes = [BoundedFormParser]
    queryset = VppToken.objects.none()

    @operation(
        "listVppTokens",
        "Get all VPP tokens for the tenant",
        description="Returns all the VPP tokens for the tenant, latest first. The query may name `limit` and `offset`.",
        tag=TAG,
        answer=enveloped_schema("VppTokenListAnswer", paged("VppTokenPage", VppTokenOutput)),
        answer_text="VPP tokens for the Tenant",
    )
    def list(self, request: Request) -> Response:
        return enveloped(page(request, list_vpp_tokens(caller_of(request).tenant), vpp_token_document))

    @operation(
        "createVppToken",
        "Store a VPP token",
        description="Uploads a VPP token",
        tag=TAG,
        request={"multipart/form-data": VppTokenUploadInput},
        answer=enveloped_schema("VppTokenAnswer", VppTokenOutput),
        status=201,
        answer_text="Created",
        errors=(400, 401, 500),
    )
    def create(self, request: Request) -> Response:
        caller = caller_of(request)
        file = validated(VppTokenUploadInput, request)["filename"].read()
        made = create_vpp_token(tenant=caller.tenant, file=file, actor=caller.actor)
        return enveloped(vpp_token_document(made), status=201, message="VPP token stored")

    @operation(
        "deleteVppToken",
        "Delete VPP Token",
        description="API to delete vpp token for a tenant",
        tag=TAG,
        answer=None,
        status=204,
        errors=(401, 404, 500),
        parameters=[path("id", "ID of the VPP token", OpenApiTypes.INT)],
    )
    def destroy(self, request: Request, id: str) -> Response:
        caller = caller_of(request)
        delete_vpp_token(tenant=caller.tenant, token_id=id, actor=caller.actor)
        return Response(status=204)
