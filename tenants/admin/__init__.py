"""The console's pages of this room. Importing them registers them."""

from tenants.admin import (
    apple_tokens,
    audit,
    contacts,
    expiry_warnings,
    installation,
    memberships,
    schedules,
    tenants,
    tokens,
)

__all__ = [
    "apple_tokens",
    "audit",
    "contacts",
    "expiry_warnings",
    "installation",
    "memberships",
    "schedules",
    "tenants",
    "tokens",
]
