"""How Apple's device assignment looks in the console's lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from onboarding.models import DepDevice, DepProfile, DepSync
from tenants.admin import display

REMOVED, WAITING = "removed", "waiting"
HERE = Q(removed_at__isnull=True)
Result = DepDevice.Result


@dataclass(frozen=True)
class Standing:
    """What became of the assignment of a profile; every device has one of them."""

    value: str
    words: str
    kind: str  # of its label
    css: str  # of its piece of a bar
    rows: Q


STANDINGS = (
    Standing("assigned", "assigned", "success", "mu-bar-done", HERE & Q(assign_result=Result.SUCCESS)),
    Standing(WAITING, "to be assigned", "info", "mu-bar-waiting", HERE & Q(assign_result="")),
    Standing("throttled", "put off by Apple", "warning", "mu-bar-differs", HERE & Q(assign_result=Result.THROTTLED)),
    Standing("foreign", "not this server's", "danger", "mu-bar-unseen", HERE & Q(assign_result=Result.NOT_ACCESSIBLE)),
    Standing("failed", "refused by Apple", "danger", "mu-bar-failed", HERE & Q(assign_result=Result.FAILED)),
    Standing(REMOVED, "gone from the server", "neutral", "mu-bar-ended", ~HERE),
)
BY_VALUE = {standing.value: standing for standing in STANDINGS}
OF_RESULT = {
    "": WAITING,
    Result.SUCCESS: "assigned",
    Result.THROTTLED: "throttled",
    Result.NOT_ACCESSIBLE: "foreign",
    Result.FAILED: "failed",
}
APPLES_WORDS = {  # profile_status
    "empty": ("none", "neutral"),
    "assigned": ("waits for the device", "info"),
    "pushed": ("the device has it", "success"),
    "removed": ("taken away", "warning"),
}
CAUSES = {
    DepSync.Cause.CALLER: "asked for",
    DepSync.Cause.SCHEDULE: "every hour",
    DepSync.Cause.TOKEN: "a new token",
}
SYNC_KINDS = {
    DepSync.Status.QUEUED: ("waits for a worker", "info"),
    DepSync.Status.INPROGRESS: ("reading", "info"),
    DepSync.Status.COMPLETE: ("done, some devices failed", "warning"),
    DepSync.Status.FAILURE: ("failed", "danger"),
    DepSync.Status.SUCCESS: ("done", "success"),
}


def list_of(model: str, **filters: Any) -> str:
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    return f"{reverse(f'admin:onboarding_{model}_changelist')}?{query}"


def standing_of(row: DepDevice) -> Standing:
    return BY_VALUE[REMOVED if row.removed_at else OF_RESULT.get(row.assign_result, WAITING)]


def standing_label(row: DepDevice) -> SafeString:
    standing = standing_of(row)
    return display.label(standing.words, standing.kind, row.assign_reason)


def trouble_of(row: DepDevice) -> SafeString | str:
    """Why it has no profile yet, and when it is tried again; empty if it has."""
    if row.removed_at or not row.assign_result or row.assign_result == Result.SUCCESS:
        return ""
    tried = f", tried {row.assign_tries} times" if row.assign_tries > 1 else ""
    again = format_html("again {}{}", display.moment(row.assign_not_before, "soon"), tried)
    return display.two_lines(row.assign_reason or "Apple gave no reason.", again)


def apples_label(row: DepDevice) -> SafeString:
    return display.label(apples_words(row), APPLES_WORDS.get(row.profile_status, ("", "neutral"))[1])


def apples_words(row: DepDevice) -> str:
    """What Apple says of its profile."""
    return APPLES_WORDS.get(row.profile_status, (row.profile_status or "not told", ""))[0]


def sync_label(sync: DepSync) -> SafeString:
    words, kind = SYNC_KINDS[DepSync.Status(sync.status)]
    return display.label(words, kind, sync.failure_reason)


def found(sync: DepSync) -> SafeString:
    """What it came to."""
    numbers = f"{sync.added:,} new, {sync.modified:,} changed, {sync.deleted:,} gone"
    return display.two_lines(format_html('<span class="mu-whole">{}</span>', numbers), f"{sync.assigned:,} assigned")


def bar(pieces: Sequence[tuple[str, str, int]]) -> SafeString:
    """Of words, colours and counts."""
    total = sum(count for *_, count in pieces) or 1
    parts = ((css, f"{100 * count / total:.1f}", words, f"{count:,}") for words, css, count in pieces if count)
    drawn = format_html_join("", '<i class="{}" style="width: {}%" title="{}: {}"></i>', parts)
    return format_html('<span class="mu-progress">{}</span>', drawn)


def with_default_profile(rows: QuerySet[Any]) -> Any:
    """Rows of tenants with the name and id of the profile that counts where no other was given."""
    default = DepProfile.objects.filter(tenant=OuterRef("tenant"), is_default=True)
    return rows.annotate(
        default_name=Subquery(default.values("name")[:1]), default_pk=Subquery(default.values("pk")[:1])
    )


def profile_link(row: Any, own: DepProfile | None) -> SafeString:
    """`row` is annotated with its tenant's default, which counts when there is no `own` one."""
    if own is not None:
        return display.link(own)
    if row.default_pk is None:
        return display.label("none yet", "neutral", "One is made at the first sync.")
    url = reverse("admin:onboarding_depprofile_change", args=[row.default_pk])
    return format_html('<a class="mu-link" href="{}">{}</a>', url, row.default_name)
