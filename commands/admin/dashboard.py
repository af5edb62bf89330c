"""The console's first page: how the fleet is, what was asked of it, and what needs somebody. Fifteen queries."""

import datetime as dt
import uuid
from collections import Counter, defaultdict
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string

from apps_domain.models import VppLocation
from commands.admin.display import progress_of, statuses_url, targets
from commands.admin.fleet_drift import drift_card
from commands.admin.windows import open_and_coming
from commands.models import AppleEnrolment, CommandRequest, CommandStatus
from commands.models.status import DELIVERABLE, State
from commands.selectors import live_counts
from config.health import WORKER_PATIENCE, worker_silence
from config.settings.console import DASHBOARD_NOTICES
from devices.models import Device, DeviceState, Platform
from tenants.admin import display
from tenants.admin.badges import tenants_seen
from tenants.admin.base import user_of
from tenants.credentials import Credential, Kind, troubled_credentials
from tenants.models import Tenant
from tenants.selectors import tenants_of_user, tenants_with_credentials, without_recipients

DAY = dt.timedelta(days=1)
LATEST = 8
NAMED = 5  # credentials and tenants told one by one
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
        "fleet": drift_card(ids),
        "requests": _latest(ids, several=len(ids) > 1),
        "windows": open_and_coming(ids, several=len(ids) > 1),
        "notices": [
            *_worker(),
            *_credentials(request),
            *_stopped(ids),
            *(notice for add in DASHBOARD_NOTICES for notice in import_string(add)(ids)),
            *_lacking(tenants),
            *_unreachable(ids),
        ],
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
    """Of people and programs; a converge alone makes many for each device."""
    asked = CommandRequest.objects.filter(tenant_id__in=ids, is_internal=False)
    rows = asked.select_related("tenant").defer("secret_args")
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
    silence = worker_silence()
    if silence is not None and silence <= WORKER_PATIENCE:
        return []
    return [("danger", "No worker has reported lately: commands are stored but not sent. Check worker and beat.", "")]


def _credentials(request: HttpRequest) -> list[Notice]:
    """What Apple gave and somebody should renew: first what is of no use now. Replaced ones do not matter any more."""
    found = sorted(troubled_credentials(tenants_seen(request)), key=lambda each: not (each.trouble or each.is_over()))
    more = len(found) - NAMED
    return [
        *map(_credential, found[:NAMED]),
        *([("warning", f"{more} more have to be renewed soon.", "")] if more > 0 else []),
    ]


def _credential(each: Credential) -> Notice:
    whose = f"{each.kind.label} '{each.name}'" + (f" of {each.tenant}" if each.tenant else "")
    if each.trouble:
        return "danger", f"{whose}: {each.trouble}. Renew it.", _page_of(each)
    over = each.is_over()
    words = f"{whose} {'expired' if over else 'expires'} {display.distance(each.expires_at)}: "
    advice = "renew it." if each.tenant else f"replace it in {each.object_id}."
    return "danger" if over else "warning", words + advice, _page_of(each)


def _page_of(each: Credential) -> str:
    return reverse(f"admin:tenants_{PAGES[each.kind]}_change", args=[each.object_id]) if each.kind in PAGES else ""


PAGES = {Kind.APNS: "apnscertificate", Kind.DEP: "deptoken", Kind.VPP: "vpptoken"}


def _stopped(ids: list[uuid.UUID]) -> list[Notice]:
    """Locations of licences that nothing can be done with until somebody does something."""
    rows = VppLocation.objects.filter(tenant_id__in=ids).exclude(problem="").order_by("problem_at")
    url = reverse("admin:apps_domain_vpplocation_changelist")
    shown = rows.select_related("tenant").defer("notification_secret")[:NAMED]
    return [("danger", f"{row.tenant}: licences of {row}: {row.problem}", f"{url}?state=stopped") for row in shown]


def _lacking(tenants: dict[uuid.UUID, Tenant]) -> list[Notice]:
    """Tenants whose Apple devices cannot enrol, and those of which nobody hears that something of Apple's ends."""
    pushing, having = tenants_with_credentials(tenants)
    unheard = having & without_recipients(having)
    return [
        *_named(
            [tenant for pk, tenant in tenants.items() if pk not in pushing],
            "no APNs certificate, so Apple devices cannot enrol.",
            "more tenants have no APNs certificate.",
            reverse("admin:tenants_apnscertificate_changelist"),
        ),
        *_named(
            [tenant for pk, tenant in tenants.items() if pk in unheard],
            "no e-mail address to warn before a certificate or token expires. Add a contact.",
            "more tenants have nobody to warn.",
            reverse("admin:tenants_tenantcontact_changelist"),
        ),
    ]


def _named(tenants: list[Tenant], words: str, words_of_more: str, url: str) -> list[Notice]:
    """A notice each, and one for those that are too many to name."""
    more = len(tenants) - NAMED
    named = [("info", f"{tenant}: {words}", url) for tenant in tenants[:NAMED]]
    return [*named, *([("info", f"{more} {words_of_more}", url)] if more > 0 else [])]


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
