"""How devices stand to their blueprint, counted and in words."""

import uuid
from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, CharField, Count, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce, JSONObject
from django.db.models.lookups import Exact, GreaterThan, IsNull
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from devices.models import Blueprint, Device, DeviceState
from tenants.admin import display

STANDINGS = (  # value, words, kind of label, CSS class of its piece of a bar
    ("right", "as it says", "success", "mu-bar-done"),
    ("converging", "converging", "info", "mu-bar-waiting"),
    ("behind", "not converged yet", "neutral", "mu-bar-ended"),
    ("differs", "differing", "warning", "mu-bar-differs"),
    ("failed", "failed", "danger", "mu-bar-failed"),
)
NONE, UNSEEN = "none", "unseen"
WORDS = {value: words for value, words, _, _ in STANDINGS}
KINDS = {value: kind for value, _, kind, _ in STANDINGS}


def effective() -> Coalesce:
    """Expression of devices: the blueprint that counts for them."""
    return Coalesce("assigned_blueprint_id", "group__effective_blueprint_id")


def devices_of(blueprint_id: uuid.UUID) -> QuerySet[Device]:
    """Those that it counts for, removed ones left out."""
    inherited = Q(assigned_blueprint=None, group__effective_blueprint=blueprint_id)
    rows = Device.objects.filter(Q(assigned_blueprint=blueprint_id) | inherited)
    return rows.exclude(state=DeviceState.DISABLED).order_by()


def standing() -> Case:
    """Annotation of devices that have a blueprint."""
    published = Case(
        When(assigned_blueprint__isnull=False, then=F("assigned_blueprint__published_version_id")),
        default=F("group__effective_blueprint__published_version_id"),
    )
    current = Exact(F("current_blueprint_version_id"), published)
    differing = GreaterThan(Coalesce("drift__count", 0), 0) & Exact(F("drift__blueprint_version_id"), published)
    return Case(
        When(converge_status=Device.ConvergeStatus.OPEN, then=Value("converging")),
        When(current & ~differing, then=Value("right")),
        When(converge_status=Device.ConvergeStatus.FAILED, then=Value("failed")),
        When(differing, then=Value("differs")),
        default=Value("behind"),
        output_field=CharField(),
    )


def fleet_standing() -> Case:
    """The same of any devices: there are those without a blueprint, and those that nobody has compared yet."""
    return Case(
        When(IsNull(effective(), True), then=Value(NONE)),
        When(drift__isnull=True, converge_status="", then=Value(UNSEEN)),
        default=standing(),
        output_field=CharField(),
    )


def with_standings(rows: QuerySet[Blueprint]) -> QuerySet[Blueprint]:
    """Each device is found by an index, its own blueprint's or its group's."""
    devices = Device.objects.exclude(state=DeviceState.DISABLED)
    own = devices.filter(assigned_blueprint=OuterRef("pk"))
    inherited = devices.filter(assigned_blueprint=None, group__effective_blueprint=OuterRef("pk"))
    return rows.annotate(own_standings=_counted(own), inherited_standings=_counted(inherited))


def _counted(devices: QuerySet[Device]) -> ArraySubquery:
    rows = devices.order_by().annotate(standing=standing()).values("standing").annotate(total=Count("*"))
    return ArraySubquery(rows.values(json=JSONObject(standing="standing", total="total")))


def standings_of(blueprint: Blueprint) -> Counter[str]:
    """Of the devices that it counts for."""
    return annotated_standings(with_standings(Blueprint.objects.filter(pk=blueprint.pk)).get())


def annotated_standings(blueprint: Any) -> Counter[str]:
    """The same of a row of `with_standings`."""
    found: Counter[str] = Counter()
    for row in [*blueprint.own_standings, *blueprint.inherited_standings]:
        found[row["standing"]] += row["total"]
    return found


def bar(counts: Mapping[str, int]) -> SafeString:
    """How many stand how, as a bar and in words."""
    total = sum(counts.values())
    if not total:
        return display.label("no device", "neutral")
    shown = [each for each in STANDINGS if counts.get(each[0])]
    pieces = format_html_join(
        "",
        '<i class="{}" style="width: {}%" title="{}: {}"></i>',
        ((css, f"{100 * counts[value] / total:.1f}", words, counts[value]) for value, words, _, css in shown),
    )
    told = ", ".join(f"{counts[value]:,} {words}" for value, words, _, _ in shown)
    return format_html('<span class="mu-progress">{}</span><span class="mu-progress-words">{}</span>', pieces, told)


def standing_label(value: str) -> SafeString:
    return display.label(WORDS[value], KINDS[value])
