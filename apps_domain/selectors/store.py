"""Reads about apps of Apple's store. Tenant first; only the sweep looks at all of them."""

import datetime as dt
import uuid

from django.db.models import Case, Exists, F, IntegerField, OuterRef, Q, QuerySet, Value, When, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from apps_domain.models import AppType, DeviceApp, StoreApp, VppLicence
from tenants.models import Tenant


def store_apps_of(tenant: Tenant) -> QuerySet[StoreApp]:
    return StoreApp.objects.filter(tenant=tenant).select_related("current_version")


def apps_to_refresh(*, before: dt.datetime, limit: int) -> list[uuid.UUID]:
    """Records that callers found old, then old ones that are in use: licensed, or on a device.

    Tenants take turns, so that one with very many apps does not keep the others waiting.
    """
    free = Q(refresh_not_before=None) | Q(refresh_not_before__lt=timezone.now())
    old = Q(refreshed_at=None) | Q(refreshed_at__lt=before)
    licences = VppLicence.objects.filter(tenant=OuterRef("tenant"), adam_id=OuterRef("apple_app_id"))
    installs = DeviceApp.objects.filter(tenant=OuterRef("tenant"), app_type=AppType.VPP, app_id=OuterRef("pk"))
    wanted = Q(refresh_wanted_at__isnull=False)
    rank = Case(When(wanted, then=Value(0)), default=Value(1), output_field=IntegerField())
    turn = Window(RowNumber(), partition_by=[F("tenant"), F("rank")], order_by=F("refreshed_at").asc(nulls_first=True))
    rows = StoreApp.objects.filter(free, wanted | (old & (Q(Exists(licences)) | Q(Exists(installs)))))
    return list(rows.annotate(rank=rank, turn=turn).order_by("rank", "turn", "pk").values_list("pk", flat=True)[:limit])
