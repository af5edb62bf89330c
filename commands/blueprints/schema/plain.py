"""What can neither be stored nor be sent to a device, found before any field looks at it."""

import re
from typing import Any

from commands.blueprints.schema.base import Fault

MAX_DEPTH = 16  # levels of objects and lists; the deepest documented setting is at 6
MAX_VALUES = 20_000
LARGEST_NUMBER = 2**53  # beyond it JSON's readers differ
NOT_SENDABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # by XML, as property lists are


def unstorable(document: Any, path: str) -> list[Fault]:
    """Level by level, so that no depth of nesting costs a stack."""
    faults: list[Fault] = []
    level, seen = [(path, document)], 0
    for _ in range(MAX_DEPTH):
        faults += [(where, told) for where, node in level if (told := _fault(node))]
        level = [child for where, node in level for child in _children(where, node)]
        seen += len(level)
        if not level:
            return faults
        if seen > MAX_VALUES:
            return [(path, f"holds more than {MAX_VALUES} values.")]
    return [(path, f"is nested deeper than {MAX_DEPTH} levels.")]


def _fault(node: Any) -> str:
    if isinstance(node, dict):
        if not all(isinstance(key, str) and len(key) <= 255 and not NOT_SENDABLE.search(key) for key in node):
            return "has a key that cannot be stored."
    elif isinstance(node, str):
        return "holds a character that cannot be stored." if NOT_SENDABLE.search(node) else ""
    elif isinstance(node, int | float) and not isinstance(node, bool):
        return "" if -LARGEST_NUMBER <= node <= LARGEST_NUMBER else "is too large a number."  # nor is NaN
    elif node is not None and not isinstance(node, bool | list):
        return "is nothing that JSON has."
    return ""


def _children(path: str, node: Any) -> list[tuple[str, Any]]:
    if isinstance(node, dict):
        return [(f"{path}.{shown(key)}", child) for key, child in node.items()]
    return [(f"{path}[{index}]", child) for index, child in enumerate(node)] if isinstance(node, list) else []


def shown(key: Any) -> str:
    """A key as it may be shown in a path."""
    return NOT_SENDABLE.sub("?", str(key))[:60]
