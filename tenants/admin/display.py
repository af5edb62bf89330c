"""Small pieces of HTML that the console's lists and pages share."""

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

from django.db.models import Model
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from tenants.sealing import MASK

STEPS = ((60, "second"), (60, "minute"), (24, "hour"), (30, "day"), (12, "month"), (1_000_000, "year"))
EMPTY = "–"
SECRET_WORDS = ("token", "magic", "passcode", "password", "secret", "private", "recoverykey", "bypass")
Facts = Sequence[tuple[str, Any]]  # names and values, as a card shows them


def label(text: object, kind: str = "neutral", title: str = "") -> SafeString:
    """A coloured label: success, danger, warning, info or neutral."""
    return format_html('<span class="mu-label mu-{}" title="{}">{}</span>', kind, title, text)


def distance(moment: dt.datetime, now: dt.datetime | None = None) -> str:
    """`3 minutes ago`, `in 2 days`, `just now`."""
    seconds = (moment - (now or timezone.now())).total_seconds()
    amount, unit = abs(seconds), "second"
    for size, unit in STEPS:  # noqa: B007 - the unit at which the loop stops is the answer
        if amount < size:
            break
        amount /= size
    if unit == "second" and amount < 10:
        return "just now"
    count = int(amount)
    words = f"{count} {unit}{'' if count == 1 else 's'}"
    return f"in {words}" if seconds > 0 else f"{words} ago"


def moment(value: dt.datetime | None, never: str = EMPTY) -> SafeString:
    """How long ago, with the exact time as its tooltip."""
    if value is None:
        return format_html('<span class="mu-quiet">{}</span>', never)
    exact = f"{value:%Y-%m-%d %H:%M:%S} UTC"
    return format_html(
        '<time class="mu-time" datetime="{}" title="{}">{}</time>', value.isoformat(), exact, distance(value)
    )


def exact(value: dt.datetime | None, never: str = EMPTY) -> SafeString:
    """The exact time, and in brackets how long ago."""
    if value is None:
        return format_html('<span class="mu-quiet">{}</span>', never)
    return format_html("{} UTC ({})", f"{value:%Y-%m-%d %H:%M:%S}", distance(value))


def two_lines(first: object, second: object) -> SafeString:
    return format_html(
        '<span class="mu-two"><span>{}</span><span class="mu-quiet">{}</span></span>', first, second or ""
    )


def link(obj: Model, text: object = None) -> SafeString:
    """A link to the object's page."""
    url = reverse(f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change", args=[obj.pk])
    return format_html('<a class="mu-link" href="{}">{}</a>', url, text if text is not None else obj)


def code(text: object) -> SafeString:
    return format_html('<code class="mu-code">{}</code>', text)


def short(text: str) -> SafeString:
    """The beginning of an id, all of it as the tooltip."""
    return format_html('<code class="mu-code" title="{}">{}</code>', text, text[:8])


def copyable(text: str) -> SafeString:
    """Text with a button that copies it (console.js)."""
    return format_html(
        '<span class="mu-copy"><code class="mu-code">{}</code>'
        '<button type="button" class="mu-copy-button" data-copy="{}">Copy</button></span>',
        text,
        text,
    )


def lines(items: list[object]) -> SafeString:
    return format_html_join("", '<span class="mu-line">{}</span>', ((item,) for item in items)) or SafeString(EMPTY)


def yes_no(value: bool | None) -> str:
    return EMPTY if value is None else "yes" if value else "no"


def masked(value: Any) -> Any:
    """A device's words with everything that may be a secret masked."""
    if isinstance(value, dict):
        return {key: MASK if _secret(key, item) else masked(item) for key, item in value.items()}
    return [masked(item) for item in value] if isinstance(value, list) else value


def _secret(key: str, value: Any) -> bool:
    return isinstance(value, str) and any(word in key.lower() for word in SECRET_WORDS)


def json_block(value: Any) -> SafeString:
    return format_html('<pre class="mu-pre">{}</pre>', json.dumps(value, indent=2, ensure_ascii=False, default=str))
