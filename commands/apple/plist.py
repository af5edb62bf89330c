"""Property lists, where the Apple channel looks for them."""

from config.plist import MAX_BYTES, PlistError, dumps, loads

__all__ = ["MAX_BYTES", "PlistError", "dumps", "loads"]
