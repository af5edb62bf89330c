"""The console's pages of this room, the devices' among them. Importing them registers them."""

from commands.admin import devices, requests, statuses

__all__ = ["devices", "requests", "statuses"]
