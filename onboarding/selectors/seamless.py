"""Reads about expected devices. Tenant first, always."""

import uuid

from django.db.models import Count, QuerySet

from config.api.errors import NotFound
from config.api.fields import parse_id
from onboarding.models import SeamlessRow, SeamlessUpload
from tenants.models import Tenant


def list_seamless_rows(tenant: Tenant, *, upload: uuid.UUID | None = None, status: str = "") -> QuerySet[SeamlessRow]:
    """In the order of their file, those of the latest one first."""
    rows = SeamlessRow.objects.filter(tenant=tenant).defer("cells")
    if upload:
        rows = rows.filter(upload=upload)
    if status:
        rows = rows.filter(status=status)
    return rows.order_by("line") if upload else rows.order_by("-created_at", "upload", "line")


def get_seamless_upload(*, tenant: Tenant, upload_id: str | uuid.UUID) -> SeamlessUpload:
    """The only way from an outside id to an upload; absent and foreign are the same NotFound."""
    known = parse_id(str(upload_id))
    upload = SeamlessUpload.objects.filter(tenant=tenant, pk=known).first() if known else None
    if upload is None:
        raise NotFound("No upload has this id.")
    return upload


def counts_of(upload: SeamlessUpload) -> dict[str, int]:
    """How many of its rows there are of each status that there is."""
    rows = SeamlessRow.objects.filter(upload=upload).order_by().values_list("status").annotate(total=Count("*"))
    return dict(rows)
