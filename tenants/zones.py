"""Time zones by their names in the IANA database."""

import zoneinfo
from functools import cache

from config.api.errors import BadRequest


@cache
def zone_names() -> frozenset[str]:
    """Every name known on this machine."""
    return frozenset(zoneinfo.available_timezones())


def require_zone(name: str) -> None:
    """BadRequest if there is no such zone."""
    if name not in zone_names():
        raise BadRequest(f"{name[:64]!r} is not a time zone; use a name such as Europe/Vienna.")
