"""What the store look-up takes and answers."""

from typing import Any

from rest_framework import serializers

from apps_domain.models import StoreApp

NEITHER = "Give app_id, the id that this server has for the app, or apple_app_id, Apple's own; or both."
MALFORMED = (
    "Apple's id of an app is a number, such as 361309726: the digits after `id` in the address of its store page."
)


class ItunesAppInput(serializers.Serializer[Any]):
    app_id = serializers.UUIDField(required=False)
    apple_app_id = serializers.RegexField(
        r"\A[1-9][0-9]{0,18}\Z", required=False, error_messages={"invalid": MALFORMED}
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A parameter without a value counts as absent; the error is at the one that was sent so."""
        if not attrs:
            sent = [str(name) for name in self.fields if name in self.context["request"].query_params]
            raise serializers.ValidationError({sent[0]: [NEITHER]} if sent else NEITHER)
        return attrs


class ItunesAppOutput(serializers.Serializer[Any]):
    """Empty or null is what the store does not say, or has not been asked yet."""

    app_id = serializers.UUIDField(help_text="This server's id of the app; never changes")
    apple_app_id = serializers.CharField()
    app_version_id = serializers.UUIDField(allow_null=True, help_text="This server's id of the version in the store")
    apple_app_version = serializers.CharField()
    app_name = serializers.CharField()
    icon_url = serializers.CharField()
    developer = serializers.CharField()
    itunes_url = serializers.CharField()
    genres = serializers.ListField(child=serializers.CharField())
    device_families = serializers.ListField(child=serializers.CharField())
    bundle_id = serializers.CharField()
    price = serializers.FloatField(allow_null=True)
    app_size = serializers.IntegerField(allow_null=True, help_text="Bytes")
    minimum_os_version = serializers.CharField()
    description = serializers.CharField()
    last_updated_date = serializers.DateTimeField(allow_null=True)
    pricing_param = serializers.CharField(help_text="As licences have it: STDQ or PLUS")


def itunes_app_document(app: StoreApp) -> dict[str, Any]:
    version = app.current_version
    return {
        "app_id": app.pk,
        "apple_app_id": app.apple_app_id,
        "app_version_id": version.pk if version else None,
        "apple_app_version": version.version if version else "",
        "app_name": app.name,
        "icon_url": app.icon_url,
        "developer": app.developer,
        "itunes_url": app.itunes_url,
        "genres": app.genres,
        "device_families": app.device_families,
        "bundle_id": app.bundle_id,
        "price": float(app.price) if app.price is not None else None,
        "app_size": app.size,
        "minimum_os_version": app.minimum_os_version,
        "description": app.description,
        "last_updated_date": app.updated_in_store_at,
        "pricing_param": app.pricing_param,
    }
