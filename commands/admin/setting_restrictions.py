"""Apple's restrictions in a blueprint: a key and its value in each row."""

from collections.abc import Mapping
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from commands.admin.setting_apps import Input
from commands.admin.setting_fields import ABSENT
from commands.admin.setting_nodes import Branch, Node, Rows, Source
from commands.apple.restrictions import NUMBERS, TEXT_LISTS, YES_NO

OTHERS = ("ratingRegion", "safariAcceptCookies")
WORDS = {"yes": True, "true": True, "no": False, "false": False}
TWICE = "This restriction stands in the list twice."
KEYS = [
    ("", "–"),
    ("Yes or no", [(key, key) for key in sorted(YES_NO)]),
    ("Numbers", [(key, key) for key in sorted(NUMBERS)]),
    ("Lists, parted by commas", [(key, key) for key in sorted(TEXT_LISTS)]),
    ("Others", [(key, key) for key in OTHERS]),
]


class RestrictionRows(Rows):
    """An object here, though it is asked for in rows."""

    def __init__(self, source: Source, path: str, label: str, value: Any) -> None:
        known = sorted(value.items()) if isinstance(value, dict) else []
        self.keys: dict[str, str] = {}  # key: the input of its value
        super().__init__(source, path, label, None, known)

    def entry(self, source: Source, path: str, child: Any, value: Any) -> Node:
        return Restriction(source, path, value)

    def read(self) -> Any:
        told: dict[str, Any] = {}
        for row in self.rows:
            pair = ABSENT if self.is_removed(row) else row.read()
            if pair is ABSENT:
                continue
            if pair[0] in told:
                self.form.add_error(f"{row.path}.key", TWICE)
            told[pair[0]] = pair[1]
            self.keys[pair[0]] = f"{row.path}.value"
        return told or ABSENT

    def aliases(self) -> Mapping[str, str]:
        return {f"{self.path}.{key}": place for key, place in self.keys.items()}


class Restriction(Branch):
    def __init__(self, source: Source, path: str, value: Any) -> None:
        key, told = value or ("", None)
        self.known = (key, "" if told is None else shown(told))
        super().__init__(source, path, "", None, None)
        self.was_set = bool(key)

    def _children(self, source: Source, serializer: Any, known: dict[str, Any]) -> Any:
        key, told = self.known
        choices = [*KEYS] if not key or _is_known(key) else [*KEYS, (key, key)]
        field: forms.Field = forms.ChoiceField(
            required=False, label="Restriction", choices=choices, initial=key, widget=UnfoldAdminSelectWidget
        )
        yield "key", Input(source, f"{self.path}.key", field)
        field = forms.CharField(
            required=False, label="Value", initial=told, widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "no"})
        )
        yield "value", Input(source, f"{self.path}.value", field)

    def read(self) -> Any:
        """The pair."""
        key, told = (node.read() for node in self.children.values())
        if key is ABSENT and told is not ABSENT:
            self.form.add_error(f"{self.path}.key", "Choose a restriction, or empty its value.")
        if key is not ABSENT and told is ABSENT:
            self.form.add_error(f"{self.path}.value", "Say its value.")
        return ABSENT if ABSENT in (key, told) else (key, value_of(key, told))


def _is_known(key: str) -> bool:
    return key in YES_NO or key in NUMBERS or key in TEXT_LISTS or key in OTHERS


def shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def value_of(key: str, text: str) -> Any:
    """As the key's kind wants it; the text itself if it is nothing such, for the schema to refuse."""
    if key in YES_NO:
        return WORDS.get(text.lower(), text)
    if key in TEXT_LISTS:
        return [item.strip() for item in text.split(",") if item.strip()]
    if key == "ratingRegion":
        return text
    try:
        return int(text) if key in NUMBERS or text.isdecimal() else float(text)
    except ValueError:
        return text
