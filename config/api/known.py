"""Ids that a body or a query names: all of them known, or a 400 that names the others."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet

from config.api.errors import BadRequest

NAMED_IDS = 20  # ids listed in an error message; all of them are in its content


def known_ids(noun: str, ids: Sequence[uuid.UUID], rows: QuerySet[Any]) -> list[uuid.UUID]:
    """The ids once each, in the caller's order; BadRequest with those that are not among the rows."""
    known = set(rows.order_by().filter(pk__in=ids).values_list("pk", flat=True)) if ids else set()
    unknown = [str(item) for item in dict.fromkeys(ids) if item not in known]
    if unknown:
        more = f" and {len(unknown) - NAMED_IDS} more" if len(unknown) > NAMED_IDS else ""
        raise BadRequest(
            f"invalid {noun} id: {', '.join(unknown[:NAMED_IDS])}{more}", content={f"invalid_{noun}_ids": unknown}
        )
    return list(dict.fromkeys(ids))
