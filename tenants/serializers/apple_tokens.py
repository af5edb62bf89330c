"""What the DEP and VPP token routes take and answer. None of them ever answers a token or a key."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from config.api.fields import OneOfField
from tenants.models import DepToken, VppToken


class DepTokenListInput(serializers.Serializer[Any]):
    state = OneOfField(choices=DepToken.State.values, required=False)


class DepTokenCreateInput(serializers.Serializer[Any]):
    """An object without documented properties."""


@extend_schema_serializer(exclude_fields=["force"])
class DepTokenUploadInput(serializers.Serializer[Any]):
    """`force` is an addition to the documented form: it lets a token of another server at Apple in."""

    file = serializers.FileField(help_text=".p7m file from abm console", allow_empty_file=True)
    token_name = serializers.CharField(max_length=128)
    force = serializers.BooleanField(required=False, default=False)


class DepTokenMeta(serializers.Serializer[Any]):
    token_expiry_on = serializers.DateTimeField(required=False)


class DepTokenOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    token_name = serializers.CharField()
    meta = DepTokenMeta()
    state = serializers.ChoiceField(choices=DepToken.State.choices)
    created_by = serializers.CharField()
    updated_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class VppTokenUploadInput(serializers.Serializer[Any]):
    """The page does not mark the part as required; without it there is nothing to store."""

    filename = serializers.FileField(required=False, help_text=".vpptoken file from abm console", allow_empty_file=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "filename" not in attrs:
            raise serializers.ValidationError({"filename": ["Send the .vpptoken file as this part of the form."]})
        return attrs


class VppTokenMeta(serializers.Serializer[Any]):
    org_name = serializers.CharField()
    token_expiry_on = serializers.DateTimeField()


class VppTokenOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    tenant_id = serializers.CharField(max_length=64)
    key = serializers.CharField(max_length=256, help_text="A digest by which the token is known; never the token")
    meta = VppTokenMeta()
    created_by = serializers.CharField()
    updated_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


def dep_token_document(token: DepToken) -> dict[str, Any]:
    return {
        "id": token.pk,
        "token_name": token.token_name,
        "meta": {"token_expiry_on": token.token_expiry_on} if token.token_expiry_on else {},
        "state": token.state,
        "created_by": token.created_by,
        "updated_by": token.updated_by,
        "created_at": token.created_at,
        "updated_at": token.updated_at,
    }


def vpp_token_document(token: VppToken) -> dict[str, Any]:
    return {
        "id": token.pk,
        "tenant_id": token.tenant_id,
        "key": token.key,
        "meta": {"org_name": token.org_name, "token_expiry_on": token.token_expiry_on},
        "created_by": token.created_by,
        "updated_by": token.updated_by,
        "created_at": token.created_at,
        "updated_at": token.updated_at,
    }
