"""Calls of Apple's store, counted and held back: it throttles those who ask too often.

Redis keeps the count, and may forget it at any moment; then a minute has more calls than it should.
"""

import time

from django.conf import settings
from django.core.cache import cache

from apps_domain.clients.store import MAX_SECONDS, StoreAway, look_up
from apps_domain.clients.store_listing import StoreListing

AWAY = "store-away"
AWAY_SECONDS = 15  # for which nobody else waits for a store that did not answer


def ask_store(apple_app_id: str, *, country: str) -> StoreListing | None:
    """Apple's answer. Raises StoreError; at once while the store is known to be away."""
    why = cache.get(AWAY)
    if why:
        raise StoreAway(str(why))
    _count()
    try:
        return look_up(settings.STORE_URL, apple_app_id, country=country, max_seconds=MAX_SECONDS)
    except StoreAway as error:
        cache.set(AWAY, str(error), AWAY_SECONDS)
        raise


def calls_left() -> int:
    """How many refreshes this minute still takes; none while the store is away. First look-ups count too."""
    if cache.get(AWAY):
        return 0
    return max(settings.STORE_CALLS_PER_MINUTE - int(cache.get(_key(), 0)), 0)


def _count() -> None:
    key = _key()
    if not cache.add(key, 1, 120):
        try:
            cache.incr(key)
        except ValueError:  # it went away between the two calls
            cache.set(key, 1, 120)


def _key() -> str:
    return f"store-calls:{int(time.time() // 60)}"
