"""The base of every API view."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet


class ApiViewSet(GenericViewSet[Any]):
    """One documented resource: its methods are the documented operations.

    `needs_private_url` (of all operations, or of those named) and `tenant_header_is_uuid` say what the page documents
    about the gateway's headers.
    """

    http_method_names = ["get", "head", "post", "put", "delete"]
    metadata_class = None  # OPTIONS is no documented operation
    needs_private_url: bool | frozenset[str] = True
    tenant_header_is_uuid = False

    def requires_private_url(self) -> bool:
        """Whether this request's operation documents X-SCAPI-Private-URL."""
        needed = self.needs_private_url
        return needed if isinstance(needed, bool) else self.action in needed


def validated(serializer: type[BaseSerializer[Any]], request: Request) -> dict[str, Any]:
    """The request's body (or, for GET, its query) through an input serializer; a 400 names what is wrong.

    A query parameter without a value counts as absent.
    """
    reads = request.method in SAFE_METHODS
    data = (
        {key: value for key, value in request.query_params.dict().items() if value.strip()} if reads else request.data
    )
    checked = serializer(data=data, context={"request": request})
    checked.is_valid(raise_exception=True)
    return dict(checked.validated_data)
