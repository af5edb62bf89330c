"""The console's pages of this room, the devices' and groups' among them: they offer sending commands.

Importing them registers them.
"""

from commands.admin import apns_certificates, blueprints, converges, devices, drift, groups, requests, statuses

__all__ = ["apns_certificates", "blueprints", "converges", "devices", "drift", "groups", "requests", "statuses"]
