"""The console's pages of this room. Importing them registers them."""

from tenants.admin import (
    audit,
    contacts,
    dep_tokens,
    expiry_warnings,
    installation,
    memberships,
    schedules,
    tenants,
    tokens,
    vpp_tokens,
)

__all__ = [
    "audit",
    "contacts",
    "dep_tokens",
    "expiry_warnings",
    "installation",
    "memberships",
    "schedules",
    "tenants",
    "tokens",
    "vpp_tokens",
]
