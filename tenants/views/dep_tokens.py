"""The DEP token routes."""

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.envelopes import enveloped, text_file
from config.api.openapi import enveloped as enveloped_schema
from config.api.openapi import operation, paged, path
from config.api.paging import page
from config.api.parsers import BoundedFormParser, ORJSONParser
from config.api.views import ApiViewSet, validated
from tenants.authentication import caller_of
from tenants.models import DepToken, Role
from tenants.selectors import get_dep_token, list_dep_tokens
from tenants.serializers.apple_tokens import (
    DepTokenCreateInput,
    DepTokenListInput,
    DepTokenOutput,
    DepTokenUploadInput,
    dep_token_document,
)
from tenants.services.dep_tokens import PUBLIC_KEY_FILE, complete_dep_token, create_dep_token

TAG = "DEP Tokens"
TOKEN_ID = path("id", "ID of the token object", OpenApiTypes.UUID)
PAGE_LINKS = ("prev",)


class DepTokenViewSet(ApiViewSet):
    needs_private_url = False
    write_role = Role.ADMIN
    queryset = DepToken.objects.none()

    def get_parsers(self) -> list[BaseParser]:
        """The documented operations that write take a JSON object (POST) and a form with a file (PUT)."""
        return [BoundedFormParser()] if getattr(self.request, "method", "") == "PUT" else [ORJSONParser()]

    @operation(
        "listDepTokens",
        "Get all DEP tokens",
        description="Get the list of all DEP tokens available in the tenant, latest first. The query may name a "
        "`state` (`CSR_GENERATED` or `COMPLETED`), and `limit` and `offset`.",
        tag=TAG,
        answer=enveloped_schema("DepTokenListAnswer", paged("DepTokenPage", DepTokenOutput, back=PAGE_LINKS)),
        answer_text="Lists all dep tokens for a tenant",
    )
    def list(self, request: Request) -> Response:
        tokens = list_dep_tokens(caller_of(request).tenant, **validated(DepTokenListInput, request))
        return enveloped(page(request, tokens, dep_token_document, back=PAGE_LINKS))

    @operation(
        "createDepToken",
        "Generate the public key file",
        description="Generate the public key file which is uploaded to Apple Business Manager(ABM) console to generate "
        "the DEP token.",
        tag=TAG,
        request={"application/json": OpenApiTypes.OBJECT},
        answer=str,
        media_type="text/plain",
        answer_text="Public key generation for ABM",
        errors=(400, 401, 500),
    )
    def create(self, request: Request) -> HttpResponse:
        validated(DepTokenCreateInput, request)
        caller = caller_of(request)
        made = create_dep_token(tenant=caller.tenant, actor=caller.actor)
        return text_file(made.certificate, name=PUBLIC_KEY_FILE, request=request, resource_id=made.pk)

    @operation(
        "getDepToken",
        "Get dep token by id",
        description="Retrive information of a DEP token by ID",
        tag=TAG,
        answer=enveloped_schema("DepTokenAnswer", DepTokenOutput),
        answer_text="Get DEP token by id",
        errors=(401, 404, 500),
        parameters=[TOKEN_ID],
    )
    def retrieve(self, request: Request, id: str) -> Response:
        return enveloped(dep_token_document(get_dep_token(tenant=caller_of(request).tenant, token_id=id)))

    @operation(
        "uploadDepToken",
        "Upload dep token to a tenant",
        description="Upload dep token for a public key for a tenant based on ID of DEP public key. What "
        "force lifts, as its refusal (400) says, a further part `force` with the value `true` lifts.",
        tag=TAG,
        request={"multipart/form-data": DepTokenUploadInput},
        answer=enveloped_schema("DepTokenAnswer", DepTokenOutput),
        answer_text="Upload dep token for a public key by id",
        errors=(400, 401, 404, 500),
        parameters=[TOKEN_ID],
    )
    def update(self, request: Request, id: str) -> Response:
        caller = caller_of(request)
        token = get_dep_token(tenant=caller.tenant, token_id=id)
        told = validated(DepTokenUploadInput, request)
        completed = complete_dep_token(token=token, actor=caller.actor, **{**told, "file": told["file"].read()})
        return enveloped(dep_token_document(completed), message="DEP token uploaded")
