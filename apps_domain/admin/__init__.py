"""The console's pages of this room. Importing them registers them."""

from apps_domain.admin import licences, store, tenant_apps, vendor_apps

__all__ = ["licences", "store", "tenant_apps", "vendor_apps"]
