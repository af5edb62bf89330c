"""The OpenAPI document: the documented operations with their headers, envelopes and errors."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers

F = TypeVar("F", bound=Callable[..., Any])
Schema = serializers.BaseSerializer[Any] | type[serializers.BaseSerializer[Any]]

ERROR_TEXTS = {
    400: "Bad request",
    401: "Authorization information is missing or invalid",
    403: "The token's role does not allow this",
    404: "Not found",
    409: "In use, or changed meanwhile",
    500: "Internal server error",
}


class ErrorEnvelope(serializers.Serializer[Any]):
    """Every error, whatever its status."""

    code = serializers.IntegerField(help_text="The HTTP status")
    message = serializers.CharField(help_text="What is wrong and what to do")
    content = serializers.DictField(required=False, help_text="Field errors and other details")


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "tenants.authentication.TokenAuthentication"
    name = "Authorization"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "An API token: `manage.py create_api_token`."}


class DocumentedSchema(AutoSchema):
    """Adds the gateway's headers, which every operation shares; a list answers with the page its serializer names."""

    def get_override_parameters(self) -> list[Any]:
        view: Any = self.view
        tenant_type = OpenApiTypes.UUID if getattr(view, "tenant_header_is_uuid", False) else OpenApiTypes.STR
        headers: list[Any] = [header("X-Tenant-Id", tenant_type), header("X-Caller-Id")]
        if view.requires_private_url():
            headers.append(header("X-SCAPI-Private-URL"))
        return headers

    def _get_request_body(self, direction: Any = "request") -> Any:
        """A view that `needs_body` requires it, also where it is an object without properties."""
        body = super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        return {**body, "required": True} if body and getattr(self.view, "needs_body", False) else body

    def _is_list_view(self, serializer: Any = None) -> bool:
        return False

    def _get_serializer_name(self, serializer: Any, direction: Any, bypass_extensions: bool = False) -> str:
        """What is named `…Input` needs no further word that it is for requests."""
        name: str = super()._get_serializer_name(serializer, direction, bypass_extensions)
        return name.removesuffix("Request") if name.endswith("InputRequest") else name


def header(name: str, kind: OpenApiTypes = OpenApiTypes.STR) -> OpenApiParameter:
    return OpenApiParameter(name, kind, OpenApiParameter.HEADER, required=True)


def query(
    name: str,
    kind: Any = OpenApiTypes.STR,
    description: str = "",
    *,
    enum: Sequence[Any] | None = None,
    required: bool = False,
    default: Any = None,
) -> OpenApiParameter:
    return OpenApiParameter(
        name, kind, OpenApiParameter.QUERY, description=description, enum=enum, required=required, default=default
    )


def path(name: str, description: str, kind: Any = OpenApiTypes.STR) -> OpenApiParameter:
    return OpenApiParameter(name, kind, OpenApiParameter.PATH, description=description)


def paging(kind: OpenApiTypes) -> list[OpenApiParameter]:
    """`limit` and `offset`, typed as the operation documents them (number or integer)."""
    return [
        query("limit", kind, "Results on a page, 1 to 1000", default=20),
        query("offset", kind, "Results to skip", default=0),
    ]


@cache  # one component per name, however many operations answer with it
def enveloped(name: str, content: Schema) -> serializers.Serializer[Any]:
    """The schema of `{code, message, content}`."""
    fields = {"code": serializers.IntegerField(), "message": serializers.CharField(), "content": _instance(content)}
    return inline_serializer(name, fields)  # type: ignore[arg-type]


@cache
def contained(name: str, content: Schema) -> serializers.Serializer[Any]:
    """The schema of `{content}`."""
    return inline_serializer(name, {"content": _instance(content)})


def paged(name: str, item: Schema, *, back: Sequence[str] = ("previous",)) -> serializers.Serializer[Any]:
    """The schema of a page of `item`."""
    links = {key: serializers.URLField(allow_null=True, help_text="The page before") for key in back}
    fields = {
        "count": serializers.IntegerField(help_text="All matches"),
        **links,
        "next": serializers.URLField(allow_null=True, help_text="The page after"),
        "results": _many(item),
    }
    return inline_serializer(name, fields)  # type: ignore[arg-type]


def _many(item: Schema) -> serializers.BaseSerializer[Any]:
    kind = item if isinstance(item, type) else type(item)
    return kind(many=True)


def _instance(schema: Schema) -> serializers.BaseSerializer[Any]:
    return schema() if isinstance(schema, type) else schema


def operation(
    operation_id: str,
    summary: str,
    *,
    tag: str,
    answer: Schema | type[Any] | OpenApiTypes | None,
    status: int = 200,
    answer_text: str = "Success",
    media_type: str = "application/json",
    errors: Sequence[int] = (401, 500),
    request: Any = None,
    examples: Sequence[OpenApiExample] = (),
    parameters: Sequence[OpenApiParameter] = (),
    description: str = "",
) -> Callable[[F], F]:
    """One documented operation."""
    responses: dict[Any, Any] = {(status, media_type): OpenApiResponse(answer, answer_text)}
    for code in sorted(errors):
        responses[(code, "application/json")] = OpenApiResponse(ErrorEnvelope, ERROR_TEXTS[code])
    return extend_schema(
        operation_id=operation_id,
        summary=summary,
        description=description or summary,
        tags=[tag],
        parameters=list(parameters),
        request=request,
        examples=list(examples),
        responses=responses,
    )


def finish_document(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Security by name only: one bearer scheme for all operations. The generator's own marks are dropped."""
    result["security"] = [{"Authorization": []}]
    _drop_marks(result)
    return result


def _drop_marks(node: Any) -> None:
    if isinstance(node, dict):
        node.pop("x-spec-enum-id", None)
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _drop_marks(child)
