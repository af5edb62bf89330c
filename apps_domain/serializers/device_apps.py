"""What the routes of apps on devices take and answer."""

import base64
from typing import Any

from rest_framework import serializers

from apps_domain.models import AppType, DeviceApp
from config.api.fields import CsvChoiceField

NEITHER = "Give app_id, app_version_id, or both."


class DeviceAppListInput(serializers.Serializer[Any]):
    """The page writes the filter's name with a space; newer clients send it with an underscore."""

    app_type = CsvChoiceField(AppType.values, required=False)

    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), "app type": CsvChoiceField(AppType.values, required=False)}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return {"app_types": [*attrs.get("app_type", []), *attrs.get("app type", [])]}


class DevicesWithAppInput(serializers.Serializer[Any]):
    app_id = serializers.UUIDField(required=False)
    app_version_id = serializers.UUIDField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A parameter without a value counts as absent; the error is at the one that was sent so."""
        if not attrs:
            sent = [str(name) for name in self.fields if name in self.context["request"].query_params]
            raise serializers.ValidationError({sent[0]: [NEITHER]} if sent else NEITHER)
        return {"app_id": attrs.get("app_id"), "version_id": attrs.get("app_version_id")}


class DeviceAppOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    device_id = serializers.UUIDField()
    app_id = serializers.UUIDField(help_text="Of the app: in the store look-up, a tenant's own, or published")
    app_type = serializers.ChoiceField(choices=AppType.choices)
    app_version_id = serializers.UUIDField(allow_null=True, help_text="Null: a version that this server does not know")
    base64_app_config = serializers.CharField(help_text="The property list that it was installed with; may be empty")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    tenant_id = serializers.UUIDField()


class DeviceAppListOutput(serializers.Serializer[Any]):
    results = DeviceAppOutput(many=True)


class DeviceWithAppOutput(serializers.Serializer[Any]):
    device_id = serializers.UUIDField()


def device_app_document(app: DeviceApp) -> dict[str, Any]:
    return {
        "id": app.pk,
        "device_id": app.device_id,
        "app_id": app.app_id,
        "app_type": app.app_type,
        "app_version_id": app.app_version_id,
        "base64_app_config": base64.b64encode(app.app_config or b"").decode(),
        "created_at": app.created_at,
        "updated_at": app.updated_at,
        "tenant_id": app.tenant_id,
    }


def device_with_app_document(app: DeviceApp) -> dict[str, Any]:
    return {"device_id": app.device_id}
