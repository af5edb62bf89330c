"""The console's pages of this room. Importing them registers them."""

from tenants.admin import apns, apple_tokens, audit, contacts, installation, memberships, schedules, tenants, tokens

__all__ = ["apns", "apple_tokens", "audit", "contacts", "installation", "memberships", "schedules", "tenants", "tokens"]
