"""What the APNs certificate routes take and answer. Keys are in no answer."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from config.api.fields import OneOfField
from tenants.models import ApnsCertificate


class ApnsCertificateListInput(serializers.Serializer[Any]):
    state = OneOfField(choices=ApnsCertificate.State.values, required=False)


class ApnsCertificateCreateInput(serializers.Serializer[Any]):
    """An object without documented properties."""


@extend_schema_serializer(exclude_fields=["force"])
class ApnsCertificateUploadInput(serializers.Serializer[Any]):
    """`force` is an addition to the documented form: it lets another topic or Apple ID in."""

    file = serializers.FileField(help_text="Apple's signed certificate, PEM or DER", allow_empty_file=True)
    apple_id = serializers.CharField(max_length=254, help_text="The Apple Account it was made with")
    force = serializers.BooleanField(required=False, default=False)


class ApnsCertificateDeleteInput(serializers.Serializer[Any]):
    """An addition to the documented operation, in its query."""

    force = serializers.BooleanField(required=False, default=False)


class ApnsCertificateMeta(serializers.Serializer[Any]):
    topic = serializers.CharField()
    cert_created_at = serializers.DateTimeField()
    cert_expiry_on = serializers.DateTimeField()


class ApnsCertificateOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    apple_id = serializers.CharField(help_text="Empty until the certificate is uploaded")
    meta = ApnsCertificateMeta(required=False, help_text="Of completed ones")
    state = serializers.ChoiceField(choices=ApnsCertificate.State.choices)
    created_by = serializers.CharField()
    updated_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


def apns_certificate_document(row: ApnsCertificate) -> dict[str, Any]:
    meta = {"topic": row.topic, "cert_created_at": row.cert_created_at, "cert_expiry_on": row.cert_expiry_on}
    return {
        "id": row.pk,
        "apple_id": row.apple_id,
        **({"meta": meta} if row.state == ApnsCertificate.State.COMPLETED else {}),
        "state": row.state,
        "created_by": row.created_by,
        "updated_by": row.updated_by,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
