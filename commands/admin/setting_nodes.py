"""The tree of inputs that a blueprint's settings are edited by: groups, lists of entries, and in them single inputs.

Every input bears the path of its setting as its name, so that what the schema finds wrong is shown where it was typed.
"""

import base64
import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from rest_framework import serializers
from unfold.widgets import UnfoldBooleanWidget

from commands.admin.blueprint_words import POLICIES, image, policy_label, title_of, words_of
from commands.admin.setting_fields import ABSENT, kind_of, secret_field
from commands.blueprints.schema.fields import Image, ManagedConfig, Profile
from commands.blueprints.secrets import SECRETS
from tenants.admin.guide import FileField
from tenants.sealing import MASK

PAIRS = {"image": "wallpaper_id", "icon": "icon_id"}  # a picture to send, and the id of the stored one
HIDDEN = ("wifi_network_id",)
LABELS = {"base64_app_config": "Managed configuration"}
HELP = {  # instead of what the API's callers are told
    "base64_app_config": "What the app is told.",
    "password": "Kept secret.",
}
NOT_SET = "Not set: left as it is on the device"
NO_POLICY = "Choose when this is applied, or empty the fields below."
SECRET_PATHS = [re.compile(each.replace("/*/", r"\[\d+\]/").replace("/", r"\.")) for each in SECRETS]
BLANK_ROWS = 1
ROOT = "settings."


class Source:
    """What the nodes are made from: the fields they add, and what was posted."""

    def __init__(self, data: Any = None) -> None:
        self.fields: dict[str, forms.Field] = {}
        self.nodes: dict[str, Node] = {}
        self.data = data
        self.form: Any = None  # set once all fields are known

    def count(self, path: str, known: int) -> int:
        """How many entries of a list are shown: those known and blank ones, or as many as were before."""
        if self.data is None:
            return known + BLANK_ROWS
        text = self.data.get(f"{path}.count", "")
        posted = int(text) if text.isdecimal() and len(text) < 4 else known + BLANK_ROWS
        return min(500, max(posted, known) + (3 if self.data.get("more") == path else 0))

    def node(self, path: str, name: str, field: Any, known: Mapping[str, Any]) -> "Node":
        """Of one field of a serializer; `known`: the values of all of them. What was empty stays as empty as it was."""
        node = self.made(path, name, field, known)
        if name in known and known[name] in (None, "", [], {}):
            node.blank = known[name]
        return node

    def made(self, path: str, name: str, field: Any, known: Mapping[str, Any]) -> "Node":
        value = known.get(name)
        if name == "apply_policy":
            return Policy(self, path, name, field, value)
        if isinstance(field, serializers.ListSerializer):
            return Rows(self, path, title_of(name), field.child, value)
        if isinstance(field, serializers.Serializer):
            return Branch(self, path, title_of(name), field, value)
        if isinstance(field, Image):
            return FileLeaf(self, path, name, field, known.get(PAIRS.get(name, "")), PAIRS.get(name, ""))
        if isinstance(field, Profile):
            return FileLeaf(self, path, name, field, value)
        return Leaf(self, path, name, field, value)


class Node:
    template: ClassVar[str] = "admin/devices/blueprint/node.html"

    def __init__(self, source: Source, path: str, label: str, help_text: str = "") -> None:
        self.source, self.path, self.label, self.help_text = source, path, label, help_text
        self.errors: list[str] = []
        self.blank: Any = ABSENT  # what it says when it says nothing
        source.nodes[path] = self

    @property
    def form(self) -> Any:
        return self.source.form

    def read(self) -> Any:
        """What was said, ABSENT if nothing was."""
        raise NotImplementedError

    def is_typed(self) -> bool:
        raise NotImplementedError

    def aliases(self) -> Mapping[str, str]:
        """Paths of the schema that are other inputs here."""
        return {}

    def has_errors(self) -> bool:
        return bool(self.errors)

    @property
    def bound(self) -> Any:
        """Its input, as the page shows it."""
        return self.form[self.path]

    @property
    def removal_name(self) -> str:
        return f"{self.path}.remove"

    @property
    def removal(self) -> Any:
        return self.form[self.removal_name]


class Leaf(Node):
    """A single input."""

    kind: ClassVar[str] = "leaf"

    def __init__(self, source: Source, path: str, name: str, field: Any, value: Any) -> None:
        super().__init__(source, path, LABELS.get(name) or words_of(name), _help(name, field))
        self.is_secret = any(each.fullmatch(path.removeprefix(ROOT)) for each in SECRET_PATHS)
        self.is_stored = self.is_secret and value == MASK
        self.reader = kind_of(field)
        common = {"required": False, "label": self.label, "help_text": self.help_text, "initial": None}
        if self.is_secret and not isinstance(field, ManagedConfig):
            source.fields[path] = secret_field(common, stored=self.is_stored)
            return
        shown = None if value in (None, "") or self.is_stored else self.reader.show(value)
        hint = "One is stored; leave this empty to keep it." if self.is_stored else ""
        told = {**common, "initial": shown, "help_text": f"{self.help_text} {hint}".strip()}
        source.fields[path] = self.reader.make(field, told)
        if name in HIDDEN:
            source.fields[path].widget = forms.HiddenInput()

    def read(self) -> Any:
        text = self.form.cleaned_data.get(self.path) or ""
        if not text.strip():
            return MASK if self.is_stored else self.blank
        return text if self.is_secret and self.reader.read is str else self.reader.read(text)

    def is_typed(self) -> bool:
        return bool((self.form.cleaned_data.get(self.path) or "").strip())

    def has_errors(self) -> bool:
        return bool(self.form[self.path].errors)


class Policy(Leaf):
    """When a group is applied; not set means that the group is not there."""

    def __init__(self, source: Source, path: str, name: str, field: Any, value: Any) -> None:
        super().__init__(source, path, name, field, value)
        choice = source.fields[path]
        assert isinstance(choice, forms.ChoiceField)
        told = [(key, f"{words[:1].upper()}{words[1:]}: {meaning}") for key, (words, _, meaning) in POLICIES.items()]
        choice.label, choice.help_text, choice.choices = "Apply", "", [("", NOT_SET), *told]


class FileLeaf(Node):
    """A file in base64. One that was refused with the rest of the form is carried along, so that it is chosen once.

    `value`: the mask of a stored file, or the id of a stored picture.
    """

    kind: ClassVar[str] = "file"

    def __init__(self, source: Source, path: str, name: str, field: Any, value: Any, stored_as: str = "") -> None:
        super().__init__(source, path, words_of(name))
        self.stored, self.stored_as = value or "", stored_as
        self.is_picture = isinstance(field, Image)
        accept = (
            ".mobileconfig" if isinstance(field, Profile) else ".png,.jpg,.jpeg" if "JPEG" in field.told else ".png"
        )
        told = {"required": False, "label": self.label, "help_text": f"A {accept.replace(',', ' or ', 1)} file"}
        source.fields[path] = FileField(**told, most=settings.API_MAX_BODY, accept=accept)
        source.fields[self.carried_name] = forms.CharField(required=False, widget=forms.HiddenInput)
        if self.stored:
            removal = forms.BooleanField(required=False, label="Remove it", widget=UnfoldBooleanWidget)
            source.fields[self.removal_name] = removal

    @property
    def carried_name(self) -> str:
        return f"{self.path}.carried"

    @property
    def carried(self) -> Any:
        return self.form[self.carried_name]

    def read(self) -> Any:
        """The file's base64, or what stands for the one that is stored."""
        given = self.given()
        if given:
            return given
        return ABSENT if not self.stored or self.form.cleaned_data.get(self.removal_name) else self.stored

    def given(self) -> str:
        content = self.form.cleaned_data.get(self.path)
        return base64.b64encode(content).decode() if content else self.form.cleaned_data.get(self.carried_name) or ""

    def is_typed(self) -> bool:
        return bool(self.given())

    def is_carried(self) -> bool:
        return bool(self.form.data.get(self.carried_name)) if self.form.is_bound else False

    def shown(self) -> Any:
        return image(self.stored) if self.is_picture and self.stored else ""

    def has_errors(self) -> bool:
        return bool(self.form[self.path].errors)

    def aliases(self) -> Mapping[str, str]:
        return {f"{self.path.rpartition('.')[0]}.{self.stored_as}": self.path} if self.stored_as else {}


class Branch(Node):
    """An object: a group of settings, an object in it, or an entry of a list."""

    kind: ClassVar[str] = "branch"

    def __init__(self, source: Source, path: str, label: str, serializer: Any, value: Any) -> None:
        super().__init__(source, path, label, _first_words(serializer))
        self.was_set = isinstance(value, dict)
        known = value if isinstance(value, dict) else {}
        self.policy = known.get("apply_policy") if self.was_set else None
        self.children: dict[str, Node] = dict(self._children(source, serializer, known))

    def _children(self, source: Source, serializer: Any, known: dict[str, Any]) -> Iterator[tuple[str, Node]]:
        paired = {
            PAIRS[name] for name, field in serializer.fields.items() if isinstance(field, Image) and name in PAIRS
        }
        for name, field in serializer.fields.items():
            if name not in paired:
                yield name, source.node(f"{self.path}.{name}", name, field, known)

    def read(self) -> Any:
        told = {name: value for name, node in self.children.items() if (value := node.read()) is not ABSENT}
        if "apply_policy" in self.children and "apply_policy" not in told:
            if not self.was_set and any(node.is_typed() for node in self.children.values()):
                self.form.add_error(self.children["apply_policy"].path, NO_POLICY)
            return ABSENT
        for name, node in self.children.items():
            if isinstance(node, FileLeaf) and node.stored_as and name in told and not node.given():
                told[node.stored_as] = told.pop(name)
        return told or self.blank

    def is_typed(self) -> bool:
        return any(node.is_typed() for node in self.children.values())

    def has_errors(self) -> bool:
        return bool(self.errors) or any(node.has_errors() for node in self.children.values())

    def label_of_policy(self) -> Any:
        has_policy = "apply_policy" in self.children
        return policy_label(self.policy) if self.was_set and has_policy else ""


class Rows(Node):
    """A list of objects: those there are, and blank ones to fill in."""

    kind: ClassVar[str] = "rows"

    def __init__(self, source: Source, path: str, label: str, child: Any, value: Any) -> None:
        super().__init__(source, path, label, _first_words(child))
        known = value if isinstance(value, list) else []
        self.was_set = bool(known)
        total = source.count(path, len(known))
        self.rows = [
            self.entry(source, f"{path}[{index}]", child, known[index] if index < len(known) else None)
            for index in range(total)
        ]
        self.places: list[str] = []  # of the entries that were read
        for row in self.rows:
            removal = forms.BooleanField(required=False, label="Remove", widget=UnfoldBooleanWidget)
            source.fields[row.removal_name] = removal

    def entry(self, source: Source, path: str, child: Any, value: Any) -> Node:
        return Branch(source, path, "", child, value)

    def read(self) -> Any:
        told = []
        for row in self.rows:
            value = ABSENT if self.is_removed(row) or not row.is_typed() else row.read()
            if value is not ABSENT:
                told.append(value)
                self.places.append(row.path)
        return told or self.blank

    def is_removed(self, row: Node) -> bool:
        return bool(self.form.cleaned_data.get(row.removal_name))

    def is_typed(self) -> bool:
        return any(row.is_typed() and not self.is_removed(row) for row in self.rows)

    def has_errors(self) -> bool:
        return bool(self.errors) or any(row.has_errors() for row in self.rows)

    def aliases(self) -> Mapping[str, str]:
        """Of the entries as they were read; removed and blank ones are not counted there."""
        return {f"{self.path}[{index}]": place for index, place in enumerate(self.places)}


def _help(name: str, field: Any) -> str:
    """As people see it, who choose yes and no."""
    told = HELP.get(name, str(field.help_text or ""))
    return re.sub(r"\bfalse:", "No:", re.sub(r"\btrue:", "Yes:", told))


def _first_words(serializer: Any) -> str:
    told = getattr(serializer, "help_text", "") or type(serializer).__doc__ or ""
    return " ".join(str(told).split())
