"""The console's first page: how the fleet is, what was asked of it, and what needs somebody. Ten queries."""

import datetime as dt
import time
import uuid
from collections import Counter, defaultdict
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Exists, OuterRef, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from commands.admin.display import progress_of, statuses_url, targets
from commands.admin.windows import open_and_coming
from commands.models import AppleEnrolment, CommandRequest, CommandStatus
from commands.models.status import DELIVERABLE, State
from commands.selectors import live_counts
from config.celery import WORKER_HEARTBEAT_KEY
from devices.models import Device, DeviceState, Platform
from tenants.admin import display
from tenants.admin.apns import EXPIRES_SOON
from tenants.admin.base import user_of
from tenants.models import ApnsCertificate, Tenant
from tenants.selectors import tenants_of_user

DAY = dt.timedelta(days=1)
LATEST = 8
WORKER_SILENCE = 60  # seconds
NAMED = 5  # certificates and tenants told one by one
Notice = tuple[str, str, str]  # kind, text, link
BAR_OF_STATE = {
    DeviceState.ACTIVE: "mu-bar-done",
    DeviceState.DISABLED: "mu-bar-ended",
    DeviceState.WIPE_IN_PROGRESS: "mu-bar-failed",
    DeviceState.ONBOARDING_FAILED: "mu-bar-failed",
}


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold's DASHBOARD_CALLBACK."""
    tenants = {tenant.pk: tenant for tenant in tenants_of_user(user_of(request))}
    if not tenants:
        return {**context, "title": "Overview", "welcome": _welcome(request)}
    ids = list(tenants)
    fleet = _fleet(ids)
    return {
        **context,
        "title": "Overview",
        "figures": [*_device_figures(fleet), *_command_figures(ids)],
        "meters": _meters(fleet),
        "requests": _latest(ids, several=len(ids) > 1),
        "windows": open_and_coming(ids, several=len(ids) > 1),
        "notices": [*_worker(), *_certificates(ids), *_without_certificate(tenants), *_unreachable(ids)],
    }


def _welcome(request: HttpRequest) -> str:
    if user_of(request).is_superuser:
        return "There is no tenant yet. Create one, then its APNs certificate and an enrolment link."
    return "You are a member of no tenant yet. Ask whoever runs this installation for a membership."


def _fleet(ids: list[uuid.UUID]) -> list[dict[str, Any]]:
    """Devices and those seen in the last day, by platform and state; removed ones are not of the fleet."""
    seen = Count("heartbeat", filter=Q(heartbeat__last_seen__gte=timezone.now() - DAY))
    rows = Device.objects.filter(tenant_id__in=ids).exclude(state=DeviceState.DISABLED).order_by()
    return [dict(row) for row in rows.values("platform", "state").annotate(total=Count("*"), seen=seen)]


def _device_figures(fleet: list[dict[str, Any]]) -> list[dict[str, Any]]:
    url = reverse("admin:devices_device_changelist")
    total, seen = sum(row["total"] for row in fleet), sum(row["seen"] for row in fleet)
    return [
        {"number": total, "words": "devices", "link": url},
        {"number": seen, "words": "seen in the last day", "link": f"{url}?last_seen=day"},
    ]


def _command_figures(ids: list[uuid.UUID]) -> list[dict[str, Any]]:
    waiting = CommandStatus.objects.filter(tenant_id__in=ids, state__in=DELIVERABLE).count()
    since = timezone.now() - DAY
    failed = CommandStatus.objects.filter(tenant_id__in=ids, state=State.FAILURE, created_at__gte=since).count()
    return [
        {"number": waiting, "words": "commands waiting", "link": statuses_url(state__exact=State.QUEUED.value)},
        {
            "number": failed,
            "words": "commands of the last 24 h failed",
            "link": statuses_url(state__exact=State.FAILURE.value),
            "alarm": failed > 0,
        },
    ]


def _meters(fleet: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One bar per platform, and in it a piece per state."""
    per_platform: dict[str, Counter[int]] = defaultdict(Counter)
    for row in fleet:
        per_platform[row["platform"]][row["state"]] += row["total"]
    return [
        {"title": Platform(platform).label, "total": states.total(), "pieces": _pieces(platform, states)}
        for platform, states in sorted(per_platform.items())
    ]


def _pieces(platform: str, states: Counter[int]) -> list[dict[str, Any]]:
    url = reverse("admin:devices_device_changelist")
    return [
        {
            "label": DeviceState(state).label,
            "count": count,
            "share": f"{100 * count / states.total():.1f}",
            "bar": BAR_OF_STATE.get(DeviceState(state), "mu-bar-waiting"),
            "link": f"{url}?platform__exact={platform}&state={state}",
        }
        for state, count in states.most_common()
    ]


def _latest(ids: list[uuid.UUID], *, several: bool) -> list[dict[str, Any]]:
    rows = CommandRequest.objects.filter(tenant_id__in=ids).select_related("tenant").defer("secret_args")
    return [
        {
            "link": display.link(row, row.command),
            "targets": targets(row),
            "progress": progress_of(row),
            "by": row.created_by or display.EMPTY,
            "when": display.moment(row.created_at),
            "tenant": row.tenant.name if several else "",
        }
        for row in rows.annotate(counts=live_counts())[:LATEST]
    ]


# What needs somebody ------------------------------------------------------------------------------------------------
def _worker() -> list[Notice]:
    heartbeat = cache.get(WORKER_HEARTBEAT_KEY)
    if heartbeat is not None and time.time() - heartbeat["at"] <= WORKER_SILENCE:
        return []
    return [("danger", "No worker has reported lately: commands are stored but not sent. Check worker and beat.", "")]


def _certificates(ids: list[uuid.UUID]) -> list[Notice]:
    """Certificates in use that Apple refuses or that end soon; replaced ones do not matter any more."""
    newer = ApnsCertificate.objects.filter(
        tenant=OuterRef("tenant"), topic=OuterRef("topic"), cert_expiry_on__gt=OuterRef("cert_expiry_on")
    )
    troubled = Q(topic_stopped_at__isnull=False) | Q(cert_expiry_on__lte=timezone.now() + EXPIRES_SOON)
    rows = ApnsCertificate.objects.filter(troubled, ~Exists(newer), tenant_id__in=ids, state="COMPLETED")
    shown = rows.select_related("tenant").only("tenant__name", "topic", "cert_expiry_on", *STOPPED)
    return [_certificate(row) for row in shown.order_by("cert_expiry_on")[:NAMED]]


STOPPED = ("topic_stopped_at", "topic_stopped_reason")


def _certificate(row: ApnsCertificate) -> Notice:
    url = reverse("admin:tenants_apnscertificate_change", args=[row.pk])
    if row.topic_stopped_at is not None:
        return "danger", f"{row.tenant}: Apple refuses the APNs certificate ({row.topic_stopped_reason}).", url
    assert row.cert_expiry_on is not None  # a completed certificate has one
    over = row.cert_expiry_on <= timezone.now()
    words = f"{'expired' if over else 'expires'} {display.distance(row.cert_expiry_on)}"
    return "danger" if over else "warning", f"{row.tenant}: the APNs certificate {words}.", url


def _without_certificate(tenants: dict[uuid.UUID, Tenant]) -> list[Notice]:
    having = ApnsCertificate.objects.filter(tenant_id__in=tenants, state="COMPLETED").values_list("tenant", flat=True)
    lacking = [tenant for pk, tenant in tenants.items() if pk not in set(having.distinct())]
    url = reverse("admin:tenants_apnscertificate_changelist")
    named = [("info", f"{tenant}: no APNs certificate, so Apple devices cannot enrol.", url) for tenant in lacking]
    more = len(named) - NAMED
    return [*named[:NAMED], *([("info", f"{more} more tenants have no APNs certificate.", url)] if more > 0 else [])]


def _unreachable(ids: list[uuid.UUID]) -> list[Notice]:
    dead = AppleEnrolment.objects.filter(
        tenant_id__in=ids,
        channel=AppleEnrolment.Channel.DEVICE,
        enabled_at__isnull=False,
        push_token_dead_at__isnull=False,
    ).count()
    if not dead:
        return []
    words = "device has a dead push token" if dead == 1 else "devices have dead push tokens"
    url = reverse("admin:devices_device_changelist") + "?push=dead"
    return [("warning", f"{dead} {words}: not to be woken until a new one is reported.", url)]
