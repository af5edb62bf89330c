"""Enrolled devices."""

from tests.enrolled import device, link, other_device

__all__ = ["device", "link", "other_device"]
