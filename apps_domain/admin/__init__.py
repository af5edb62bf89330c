"""The console's pages of this room. Importing them registers them."""

from apps_domain.admin import (
    licence_assignments,
    licence_locations,
    licences,
    store,
    tenant_apps,
    vendor_apps,
)

__all__ = ["licence_assignments", "licence_locations", "licences", "store", "tenant_apps", "vendor_apps"]
