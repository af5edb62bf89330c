"""Shapes of the routes of blueprints."""

from typing import Any

from rest_framework import serializers

from commands.blueprint_selectors import BLUEPRINTS, FILTERS, VERSIONS
from commands.blueprints.diff import Change
from commands.blueprints.schema import BlueprintSettings
from config.api.fields import CsvChoiceField
from devices.models import Blueprint, BlueprintVersion

SHOWN_ONLY = frozenset(
    {
        "id",
        "version_number",
        "version_id",
        "minor_version_number",
        "published_version_id",
        "created_by",
        "updated_by",
        "created_at",
        "updated_at",
    }
)


class _Filters(serializers.Serializer[Any]):
    """Ids of what settings name, `settings__<platform>__<name>`."""

    platforms: tuple[str, ...] = ("ios", "android", "windows")

    def get_fields(self) -> dict[str, Any]:
        named = {f"settings__{platform}__{name}": platform for platform, name in FILTERS}
        asked = {name: serializers.UUIDField(required=False) for name, of in named.items() if of in self.platforms}
        return {**super().get_fields(), **asked}


def _ordering(columns: dict[str, str]) -> CsvChoiceField:
    return CsvChoiceField([*columns, *(f"-{name}" for name in columns)], required=False)


class BlueprintListInput(_Filters):
    name = serializers.CharField(required=False)
    name_exact = serializers.CharField(required=False)
    ordering = _ordering(BLUEPRINTS)


class VersionListInput(_Filters):
    platforms = ("ios", "android")

    version_number = serializers.IntegerField(required=False, min_value=0, max_value=2**31 - 1)
    publish = serializers.BooleanField(required=False, allow_null=True, default=None)
    ordering = _ordering(VERSIONS)


class VersionDiffInput(serializers.Serializer[Any]):
    against = serializers.CharField()


class BlueprintUpdateInput(serializers.Serializer[Any]):
    """What is absent stays as it is; what answers show besides may be sent back and is ignored."""

    name = serializers.CharField(max_length=255, required=False, help_text="Once in the tenant, in any case")
    description = serializers.CharField(max_length=10_000, allow_blank=True, required=False)
    comments = serializers.CharField(max_length=10_000, allow_blank=True, required=False, help_text="On this version")
    publish = serializers.BooleanField(
        default=False, help_text="true: the version that devices get with their next converge; false: a draft"
    )
    settings = BlueprintSettings(required=False, help_text="Taken whole: a group that is absent goes")

    def to_internal_value(self, data: Any) -> Any:
        """The settings are left to `read_settings`, which knows the tenant and the version before."""
        body = data if isinstance(data, dict) else {}
        unknown = [key for key in body if key not in self.fields and key not in SHOWN_ONLY]
        if unknown:
            raise serializers.ValidationError({key[:60]: ["is not known here."] for key in unknown})
        told: dict[str, Any] = super().to_internal_value(
            {key: value for key, value in body.items() if key != "settings"} if isinstance(data, dict) else data
        )
        return {**told, "settings": body.get("settings")}


class BlueprintInput(BlueprintUpdateInput):
    name = serializers.CharField(max_length=255, help_text="Once in the tenant, in any case")


class BlueprintOutput(serializers.Serializer[Any]):
    """A blueprint with its latest version, or one of its versions."""

    id = serializers.UUIDField(help_text="Of the blueprint")
    name = serializers.CharField()
    description = serializers.CharField()
    comments = serializers.CharField()
    version_number = serializers.IntegerField(help_text="Counts what was published")
    version_id = serializers.UUIDField(help_text="Of this version")
    minor_version_number = serializers.IntegerField(help_text="Counts the drafts since")
    publish = serializers.BooleanField(help_text="Whether this version is published")
    published_version_id = serializers.UUIDField(
        allow_null=True, help_text="The version that devices converge to; null if none was published"
    )
    settings = BlueprintSettings(help_text="By platform; secrets are masked")
    created_by = serializers.CharField()
    updated_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class ChangeOutput(serializers.Serializer[Any]):
    path = serializers.CharField(help_text="Such as ios.wifi_networks[Office].hidden")
    before = serializers.JSONField(allow_null=True, help_text="null for what came; secrets are masked")
    after = serializers.JSONField(
        allow_null=True, help_text="null for what went; `changed` for a secret that is another now"
    )


def blueprint_document(blueprint: Blueprint) -> dict[str, Any]:
    """A blueprint that a selector read, as its latest version says it."""
    latest = blueprint.latest_version
    assert latest is not None  # each has one from its first moment
    return {
        **_version(blueprint, latest),
        "created_by": blueprint.created_by,
        "updated_by": blueprint.updated_by,
        "created_at": blueprint.created_at,
        "updated_at": blueprint.updated_at,
    }


def version_document(version: BlueprintVersion) -> dict[str, Any]:
    """Never changed: whoever made it was the last to write it."""
    return {
        **_version(version.blueprint, version),
        "created_by": version.created_by,
        "updated_by": version.created_by,
        "created_at": version.created_at,
        "updated_at": version.created_at,
    }


def _version(blueprint: Blueprint, version: BlueprintVersion) -> dict[str, Any]:
    return {
        "id": blueprint.pk,
        "name": version.name,
        "description": version.description,
        "comments": version.comments,
        "version_number": version.version_number,
        "version_id": version.pk,
        "minor_version_number": version.minor_version_number,
        "publish": version.publish,
        "published_version_id": blueprint.published_version_id,
        "settings": version.settings,
    }


def change_document(change: Change) -> dict[str, Any]:
    return {"path": change.path, "before": change.before, "after": change.after}
