"""The console's pages of this room. Importing them registers them."""

from onboarding.admin import (
    dep_devices,
    dep_profiles,
    dep_servers,
    dep_syncs,
    enrolment,
    seamless_registrations,
    seamless_rows,
    seamless_uploads,
)

__all__ = [
    "dep_devices",
    "dep_profiles",
    "dep_servers",
    "dep_syncs",
    "enrolment",
    "seamless_registrations",
    "seamless_rows",
    "seamless_uploads",
]
