"""What the routes of expected devices take and answer."""

from typing import Any

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from config.api.fields import OneOfField
from devices.models import Blueprint, DeviceGroup, Platform
from onboarding.models import SeamlessRow
from onboarding.seamless.entries import read_alias
from onboarding.seamless.errors import InvalidEntryError
from onboarding.seamless.identifiers import InvalidIdentifierError, Kind, read_identifier
from tenants.authentication import caller_of

MAX_IDS = 1000
NO_BLUEPRINT, NO_GROUP = "invalid blueprint id", "invalid group id"
KINDS = {str(kind.value): kind for kind in Kind} | {kind.name: kind for kind in Kind}


@extend_schema_field({"type": "integer", "enum": [kind.value for kind in Kind]})
class IdentifierKindField(serializers.Field[Kind, Any, str, Any]):
    """A number, or its name."""

    default_error_messages = {"required": "unique_id_type is required"}

    def to_internal_value(self, data: Any) -> Kind:
        told = str(data).strip().upper() if isinstance(data, str | int) and not isinstance(data, bool) else ""
        if told in KINDS:
            return KINDS[told]
        named = ", ".join(f"{kind.value} ({kind.name})" for kind in Kind)
        raise serializers.ValidationError(f"{str(data)[:60]!r} is none of {named}.")


class SeamlessInfoInput(serializers.Serializer[Any]):
    unique_ids = serializers.CharField(
        help_text="The device's identifier; several with commas between them, a row for each",
        error_messages={"required": "unique_ids is required"},
    )
    unique_id_type = IdentifierKindField(help_text="1 IMEI, 2 serial number, 3 UDID; also by name: IMEI, SERIAL, UUID")
    platform = OneOfField(choices=Platform.values, required=False, help_text="APPLE unless told")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Names every identifier that is wrong."""
        ids = [each.strip() for each in attrs["unique_ids"].split(",") if each.strip()]
        if not ids:
            raise serializers.ValidationError({"unique_ids": "names no device."})
        if len(ids) > MAX_IDS:
            told = f"names {len(ids)} devices; at most {MAX_IDS} at once. Upload a file for more."
            raise serializers.ValidationError({"unique_ids": told})
        problems = [problem for each in ids if (problem := _problem(attrs["unique_id_type"], each))]
        if problems:
            raise serializers.ValidationError({"unique_ids": problems})
        return {**attrs, "unique_ids": ids}


def _problem(kind: Kind, identifier: str) -> str:
    try:
        read_identifier(kind, identifier)
    except InvalidIdentifierError as error:
        return f"{error}."
    return ""


@extend_schema_serializer(exclude_fields=["alias"])
class SeamlessInput(serializers.Serializer[Any]):
    """`alias` is an addition to the documented body: what people will call the devices."""

    assigned_blueprint_id = serializers.UUIDField(
        required=False,
        allow_null=True,
        error_messages={"invalid": NO_BLUEPRINT},
        help_text="What the devices get; may be left out if the group has a blueprint",
    )
    group_id = serializers.UUIDField(
        required=False, allow_null=True, error_messages={"invalid": NO_GROUP}, help_text="Where they land"
    )
    seamless_info = SeamlessInfoInput(
        help_text="Which devices", error_messages={"required": "seamless_info is required"}
    )
    alias = serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=255)

    def validate_assigned_blueprint_id(self, value: Any) -> Any:
        tenant = caller_of(self.context["request"]).tenant
        if value and not Blueprint.objects.filter(tenant=tenant, pk=value).exists():
            raise serializers.ValidationError(f"{NO_BLUEPRINT}: {value}")
        return value

    def validate_group_id(self, value: Any) -> Any:
        tenant = caller_of(self.context["request"]).tenant
        if value and not DeviceGroup.objects.filter(tenant=tenant, pk=value).exists():
            raise serializers.ValidationError(f"{NO_GROUP}: {value}")
        return value

    def validate_alias(self, value: str | None) -> str:
        try:
            return read_alias(value or "")
        except InvalidEntryError as error:
            raise serializers.ValidationError(f"{error}.") from None

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """As `create_expected` takes it. Without a blueprint, the group must have one."""
        blueprint_id, group_id = attrs.get("assigned_blueprint_id"), attrs.get("group_id")
        if not blueprint_id and not _has_blueprint(group_id):
            told = "assigned_blueprint_id is required, or a group_id of a group that has a blueprint"
            raise serializers.ValidationError({"assigned_blueprint_id": told})
        info = attrs["seamless_info"]
        return {
            "blueprint_id": blueprint_id,
            "group_id": group_id,
            "alias": attrs.get("alias", ""),
            "kind": info["unique_id_type"],
            "identifiers": info["unique_ids"],
            "platform": Platform(info.get("platform", Platform.APPLE)),
        }


def _has_blueprint(group_id: Any) -> bool:
    return bool(group_id) and DeviceGroup.objects.filter(pk=group_id, effective_blueprint__isnull=False).exists()


@extend_schema_serializer(exclude_fields=["platform"])
class SeamlessUploadInput(serializers.Serializer[Any]):
    """`platform` is an addition to the documented form."""

    csv_file = serializers.FileField(
        required=False, allow_empty_file=True, help_text="Devices, one on a line below the names of the columns"
    )
    platform = OneOfField(choices=Platform.values, required=False)

    def validate_csv_file(self, value: Any) -> Any:
        if len(self.context["request"].FILES.getlist("csv_file")) > 1:
            raise serializers.ValidationError("Upload one file at a time.")
        return value


class SeamlessListInput(serializers.Serializer[Any]):
    upload = serializers.UUIDField(required=False)
    status = OneOfField(choices=SeamlessRow.Status.values, required=False)


class SeamlessRowOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    assigned_blueprint_id = serializers.UUIDField(allow_null=True, help_text="The row's own, else its group's")
    group_id = serializers.UUIDField(allow_null=True)
    alias = serializers.CharField()
    unique_ids = serializers.CharField(help_text="The identifier, or a row's two IMEIs with a comma between")
    unique_id_type = serializers.ChoiceField([kind.name for kind in Kind])
    status = serializers.ChoiceField(SeamlessRow.Status.values)
    meta = serializers.DictField(allow_null=True, help_text="Of a failed row: `reason` for people, `code` for programs")
    tenant_id = serializers.UUIDField()
    platform = serializers.ChoiceField(Platform.values)
    upload_id = serializers.UUIDField(help_text="What was handed in together: `upload` of the list")
    line = serializers.IntegerField(help_text="Of the file; of a body, which identifier it was")


def seamless_document(row: SeamlessRow) -> dict[str, Any]:
    return {
        "id": row.pk,
        "assigned_blueprint_id": row.assigned_blueprint_id,
        "group_id": row.group_id,
        "alias": row.alias,
        "unique_ids": row.unique_ids,
        "unique_id_type": Kind(row.unique_id_type).name,
        "status": row.status,
        "meta": row.meta,
        "tenant_id": row.tenant_id,
        "platform": row.platform,
        "upload_id": row.upload_id,
        "line": row.line,
    }
