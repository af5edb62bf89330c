"""The console's pages of this room, the devices' and groups' among them: they offer sending commands.

Importing them registers them.
"""

from commands.admin import devices, groups, requests, statuses

__all__ = ["devices", "groups", "requests", "statuses"]
