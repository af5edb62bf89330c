"""Windows of scheduled requests as the console's pages show them."""

import datetime as dt
import uuid
from collections import defaultdict
from typing import Any

from django.db.models import Count, F, Max, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, JSONObject
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from commands.admin.display import state_label
from commands.admin.schedule_words import KINDS, clock, ends, phase_words, span
from commands.models import CommandRequest, CommandStatus, ScheduleSlot
from tenants.admin import display

SHOWN = 10  # windows on a request's page: as many to come, as many that are over
LISTED = 8  # requests on the first page: as many that are open, as many to come
SOON = dt.timedelta(days=1)
Phase = ScheduleSlot.Phase
NOT_OVER = Q(due_at__isnull=False, phase__in=[Phase.ANNOUNCING, Phase.WAITING, Phase.OPENING, Phase.OPEN])


# The list of requests ----------------------------------------------------------------------------------------------
def current_window() -> Subquery:
    """Annotation of requests: the first window that is not over, as JSON."""
    slots = ScheduleSlot.objects.filter(NOT_OVER, request=OuterRef("pk")).order_by("opens_at", "id")
    return Subquery(slots.values(json=JSONObject(zone="zone", opens_at="opens_at", closes_at="closes_at"))[:1])


def schedule_column(row: CommandRequest) -> SafeString:
    return display.two_lines(KINDS[row.schedule], row.schedule_args.get("name", "") if _is_scheduled(row) else "")


def window_column(row: Any) -> SafeString | str:
    """Of a request with the annotation `window`: when the next opens, or until when one is open."""
    if not _is_scheduled(row) or row.cancelled_at is not None:
        return display.EMPTY
    if row.window is None:
        return display.label("over" if row.fanned_out_at else "being planned", "neutral")
    zone = row.window["zone"]
    opens_at, closes_at = (dt.datetime.fromisoformat(row.window[name]) for name in ("opens_at", "closes_at"))
    if opens_at <= timezone.now():
        return display.two_lines(display.label("open", "success"), f"until {clock(closes_at, zone)}, {zone}")
    return display.two_lines(display.moment(opens_at), f"{clock(opens_at, zone)}, {zone}")


def _is_scheduled(row: CommandRequest) -> bool:
    return row.schedule != CommandRequest.Schedule.IMMEDIATE


# A request's page --------------------------------------------------------------------------------------------------
def windows_of(row: CommandRequest) -> dict[str, Any]:
    """The windows around now, with their rows per state; how many earlier and later ones are left out."""
    if not _is_scheduled(row):
        return {"windows": []}
    slots = row.slots.annotate(announced_at=_announced_at()).order_by("opens_at", "id")
    coming = list(slots.filter(due_at__isnull=False)[:SHOWN])
    over = list(slots.filter(due_at=None).reverse()[:SHOWN])[::-1]
    counts = _counts(row, [*over, *coming])
    return {
        "windows": [_window(row, slot, counts[slot.pk]) for slot in (*over, *coming)],
        "more_windows": row.slots.count() - len(over) - len(coming),
    }


def _announced_at() -> Coalesce:
    """Not before this were rows made for a window: it is announced when the one before it has opened."""
    before = ScheduleSlot.objects.filter(
        request=OuterRef("request"), zone=OuterRef("zone"), number__lt=OuterRef("number")
    ).order_by("-number")
    return Coalesce(Subquery(before.values("opens_at")[:1]), F("request__created_at"))


def _counts(row: CommandRequest, slots: list[Any]) -> dict[int, list[tuple[str, int]]]:
    """States and numbers of rows by window. By the index of the request's latest rows: it may have had many windows."""
    counts: dict[int, list[tuple[str, int]]] = defaultdict(list)
    if slots:
        rows = CommandStatus.objects.filter(
            request=row, slot__in=slots, created_at__gte=min(slot.announced_at for slot in slots)
        )
        for slot, state, total in rows.order_by("state").values_list("slot", "state").annotate(total=Count("*")):
            counts[slot].append((state, total))
    return counts


def _window(row: CommandRequest, slot: ScheduleSlot, counts: list[tuple[str, int]]) -> dict[str, Any]:
    words, kind = phase_words(slot)
    if row.cancelled_at is not None and slot.due_at is not None:
        words, kind = "cancelled", "neutral"
    return {
        "span": span(slot.opens_at, slot.closes_at, slot.zone),
        "zone": slot.zone,
        "phase": display.label(words, kind),
        "counts": [(state_label(state), total) for state, total in counts],
    }


# A status ----------------------------------------------------------------------------------------------------------
def window_of_status(status: CommandStatus) -> tuple[str, str]:
    """From when on the row may be delivered, and until when and in which zone; both empty without a window."""
    slot = status.slot
    if slot is None:
        return "", ""
    closes_at = status.closes_at or slot.closes_at
    end = ends(status.not_before, closes_at, slot.zone)
    return clock(status.not_before, slot.zone), f"{end}, {slot.zone}"


# The first page ----------------------------------------------------------------------------------------------------
def open_and_coming(tenant_ids: list[uuid.UUID], *, several: bool) -> dict[str, list[dict[str, Any]]]:
    """Requests with a window that is open, and those with one that opens within a day. Two queries."""
    now = timezone.now()
    slots = ScheduleSlot.objects.filter(NOT_OVER, request__tenant__in=tenant_ids, request__cancelled_at=None)
    return {
        "open": _listed(slots.filter(opens_at__lte=now, closes_at__gt=now), several=several),
        "coming": _listed(slots.filter(opens_at__gt=now, opens_at__lte=now + SOON), several=several),
    }


def _listed(slots: QuerySet[ScheduleSlot], *, several: bool) -> list[dict[str, Any]]:
    """One line per request, however many time zones it has windows in."""
    of_request = slots.order_by().values(
        "request", "request__command", "request__schedule_args__name", "request__tenant__name"
    )
    lines = of_request.annotate(
        opens=Min("opens_at"), closes=Max("closes_at"), zones=Count("zone", distinct=True), a_zone=Min("zone")
    )
    return [_line(dict(line), several=several) for line in lines.order_by("opens", "closes", "request")[:LISTED]]


def _line(line: dict[str, Any], *, several: bool) -> dict[str, Any]:
    zone = line["a_zone"] if line["zones"] == 1 else "UTC"
    url = reverse("admin:commands_commandrequest_change", args=[line["request"]])
    return {
        "link": format_html('<a class="mu-link" href="{}">{}</a>', url, line["request__command"]),
        "name": line["request__schedule_args__name"] or "",
        "tenant": line["request__tenant__name"] if several else "",
        "opens": display.moment(line["opens"]),
        "closes": display.moment(line["closes"]),
        "span": span(line["opens"], line["closes"], zone),
        "zone": zone if line["zones"] == 1 else f"UTC, over {line['zones']} time zones",
    }
