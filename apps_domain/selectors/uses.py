"""What needs a version of an app, so that it cannot be deleted."""

from collections.abc import Callable

from apps_domain.models import TenantAppVersion, VendorAppVersion

Version = TenantAppVersion | VendorAppVersion

USERS: list[Callable[[Version], list[str]]] = []
"""Each names what needs the version, as a person would: `blueprint "Kiosk"`. Rooms above this one add theirs, in a
module `uses` that is read when the server starts."""


def versions_in_use(version: Version) -> list[str]:
    return [name for user in USERS for name in user(version)]
