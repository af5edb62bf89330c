"""What the DEP profile routes take and answer."""

from typing import Any

from rest_framework import serializers

from config.api.fields import OneOfField
from onboarding.apple.setup_panes import PANES
from onboarding.models import DepProfile


class DepProfileInput(serializers.Serializer[Any]):
    show_setup_items = serializers.ListField(
        child=OneOfField(choices=PANES),
        required=False,
        max_length=len(PANES),
        help_text="Panes of the set-up assistant that are shown; without any, all are skipped",
    )
    auto_advance_setup = serializers.BooleanField(required=False, default=True, help_text="Of Apple TVs and Macs")

    def validate_show_setup_items(self, panes: list[str]) -> list[str]:
        if len(set(panes)) != len(panes):
            raise serializers.ValidationError("A pane is named twice.")
        return panes


class DepProfileOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    profile_uuid = serializers.CharField(help_text="At Apple; empty until a worker has defined it there")
    show_setup_items = serializers.ListField(child=serializers.CharField())
    auto_advance_setup = serializers.BooleanField()
    created_by = serializers.CharField()
    updated_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


def dep_profile_document(profile: DepProfile) -> dict[str, Any]:
    """Of a row of `list_dep_profiles`, or of one that was just made."""
    return {
        "id": profile.pk,
        "profile_uuid": getattr(profile, "profile_uuid", ""),
        "show_setup_items": profile.show_setup_items,
        "auto_advance_setup": profile.auto_advance_setup,
        "created_by": profile.created_by,
        "updated_by": profile.updated_by,
        "created_at": profile.created_at,
        "updated_at": profile.updated_at,
    }
