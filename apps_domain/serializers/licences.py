"""What the licence routes answer."""

from typing import Any

from rest_framework import serializers

from apps_domain.models import VppLicence
from apps_domain.models.licences import UNLIMITED


class VppLicenceOutput(serializers.Serializer[Any]):
    """Of one app, over all locations of the tenant."""

    app_id = serializers.CharField(help_text="Apple's id of the app")
    assigned_count = serializers.IntegerField(help_text="In use")
    available_count = serializers.IntegerField(help_text=f"Free; {UNLIMITED} if there is no limit")
    pricing_param = serializers.CharField(help_text="STDQ or PLUS")
    supported_platforms = serializers.ListField(child=serializers.CharField())
    total_count = serializers.IntegerField(help_text=f"Bought; {UNLIMITED} if there is no limit")


def vpp_licence_document(licence: VppLicence) -> dict[str, Any]:
    """Of a row of `licences_by_app`."""
    row: Any = licence
    return {
        "app_id": row.adam_id,
        "assigned_count": row.assigned,
        "available_count": min(row.available, UNLIMITED),
        "pricing_param": row.pricing_param,
        "supported_platforms": row.supported_platforms,
        "total_count": min(row.total, UNLIMITED),
    }
