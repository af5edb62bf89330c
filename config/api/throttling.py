"""Requests per caller and window, counted in the cache; without a cache nobody is held back."""

import hashlib
import time
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

if TYPE_CHECKING:  # DRF's views import this module through the settings
    from rest_framework.views import APIView


def _digest(text: str) -> str:
    """Caller ids are any text; cache keys are not."""
    return hashlib.sha256(text.encode()).hexdigest()


class CallerThrottle(BaseThrottle):
    """API_RATE_LIMIT requests in API_RATE_PERIOD seconds for one token and caller id; 429 with Retry-After above."""

    def __init__(self) -> None:
        self._wait = 0.0

    def allow_request(self, request: Request, view: "APIView") -> bool:
        if not settings.API_RATE_LIMIT or request.auth is None:
            return True
        period = settings.API_RATE_PERIOD
        now = time.time()
        window = int(now // period)
        key = f"rate:{_digest(getattr(request.auth, 'throttle_key', ''))}:{window}"
        if cache.add(key, 1, period):
            return True
        try:
            count = cache.incr(key)
        except ValueError:  # the key went away between the two calls
            return True
        self._wait = (window + 1) * period - now
        return count <= settings.API_RATE_LIMIT

    def wait(self) -> float:
        return self._wait
