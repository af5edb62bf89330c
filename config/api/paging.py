"""`limit`/`offset` pages with absolute links, on every list of the API."""

import hashlib
import re
from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import EmptyResultSet
from django.db.models import Model, QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

DEFAULT_LIMIT = 20
MAX_LIMIT = 1000
LARGE_COUNT = 10_000  # above this a count may be COUNT_LIFE seconds old
COUNT_LIFE = 15
DEEP_OFFSET = 1_000
DIGITS = re.compile(r"[0-9]{1,12}")

M = TypeVar("M", bound=Model)


def page(
    request: Request,
    queryset: QuerySet[M],
    serialize: Callable[[M], dict[str, Any]],
    *,
    back: tuple[str, ...] = ("previous",),
    path: str = "",
) -> dict[str, Any]:
    """One page as `{count, <back>, next, results}`; `back` names the link to the page before (`previous`, `prev`).

    `path`: of the list, with its filters, where the request's own address is not that.
    """
    limit, offset = require_page(request)
    count = _count(queryset)
    rows = _rows(queryset, offset, limit) if offset < count else []
    url = request.build_absolute_uri(path or None)
    previous = _link(url, limit, max(offset - limit, 0)) if offset > 0 else None
    following = _link(url, limit, offset + limit) if offset + limit < count else None
    return {
        "count": count,
        **dict.fromkeys(back, previous),
        "next": following,
        "results": [serialize(row) for row in rows],
    }


def require_page(request: Request) -> tuple[int, int]:
    """The limit and offset that are asked for, or a 400. What answers with a page of what it wrote calls it first."""
    limit = _bounded(request, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT)
    return limit, _bounded(request, "offset", 0, 0, 2**31 - 1)


def _bounded(request: Request, name: str, default: int, low: int, high: int) -> int:
    text = request.query_params.get(name, "").strip()
    if not text:
        return default
    value = int(text) if DIGITS.fullmatch(text) else low - 1
    if not low <= value <= high:
        raise ValidationError({name: [f"must be a whole number from {low} to {high}, not {text[:40]!r}."]})
    return value


def _count(queryset: QuerySet[Any]) -> int:
    """Exact; of a large table at most COUNT_LIFE seconds old, since counting is what makes such a list slow."""
    try:
        query = queryset.order_by().query.sql_with_params()
    except EmptyResultSet:
        return 0
    key = "count:" + hashlib.sha256(repr(query).encode()).hexdigest()
    known = cache.get(key) if settings.API_CACHE_COUNTS else None
    if known is not None:
        return int(known)
    count = queryset.count()
    if count > LARGE_COUNT:
        cache.set(key, count, COUNT_LIFE)
    return count


def _rows(queryset: QuerySet[M], offset: int, limit: int) -> list[M]:
    if offset < DEEP_OFFSET:
        return list(queryset[offset : offset + limit])
    # Far into a list, walk the narrow index first and fetch only the rows of the page.
    ids = list(queryset.values_list("pk", flat=True)[offset : offset + limit])
    found = queryset.model._default_manager.none() if not ids else queryset.filter(pk__in=ids)
    return list(found)


def _link(url: str, limit: int, offset: int) -> str:
    return replace_query_param(replace_query_param(url, "limit", limit), "offset", offset)
