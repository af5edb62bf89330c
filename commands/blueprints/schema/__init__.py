"""What a blueprint may say: every group of settings with its fields, and the reading of them."""

from commands.blueprints.schema.groups import GROUPS, BlueprintSettings
from commands.blueprints.schema.reading import read_settings

__all__ = ["GROUPS", "BlueprintSettings", "read_settings"]
