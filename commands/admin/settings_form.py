"""The form of a blueprint: its name and words, and a section per group of settings, made from the schema."""

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from rest_framework import serializers
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from commands.admin.blueprint_words import PLATFORMS
from commands.admin.setting_apps import AppChoices, AppPicker, AppRows
from commands.admin.setting_fields import ABSENT
from commands.admin.setting_nodes import ROOT, Node, Source
from commands.admin.setting_restrictions import RestrictionRows
from commands.blueprints.schema import GROUPS
from commands.blueprints.schema.ios_apps import IosApp, IosKioskApp
from commands.blueprints.schema.ios_rules import Restrictions
from config.api.errors import ApplicationError
from tenants.models import Tenant

CARRIED = 3_000_000  # bytes of files that travel through a refused form
NOTES = {"android": "Checked and kept; no Android device is given it before its channel is there."}
STEP = re.compile(r"(\.[^.\[\]]+|\[\d+\])$")


@dataclass(frozen=True)
class Section:
    """A group of settings on the page."""

    key: str
    title: str
    node: Node
    is_open: bool
    is_set: bool
    is_wrong: bool


class SettingSource(Source):
    """Knows the groups that are asked for in a way of their own."""

    def __init__(self, tenant: Tenant, data: Any = None) -> None:
        super().__init__(data)
        self.apps = AppChoices(tenant)

    def made(self, path: str, name: str, field: Any, known: Mapping[str, Any]) -> Node:
        if isinstance(field, Restrictions):
            return RestrictionRows(self, path, "Restrictions", known.get(name))
        if isinstance(field, IosKioskApp):
            return AppPicker(self, path, "", field, known.get(name))
        if isinstance(field, serializers.ListSerializer) and isinstance(field.child, IosApp):
            return AppRows(self, path, "", field.child, known.get(name))
        return super().made(path, name, field, known)


class SettingsForm(forms.Form):
    """`settings` after `is_valid()`: what was said, for the service to judge. `base`: the version it was made from."""

    name = forms.CharField(max_length=255, widget=UnfoldAdminTextInputWidget)
    description = forms.CharField(required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}))
    comments = forms.CharField(
        required=False,
        label="Comment on this version",
        help_text="What changed and why, for the list of versions.",
        widget=UnfoldAdminTextInputWidget,
    )
    base = forms.CharField(required=False, widget=forms.HiddenInput)
    settings: dict[str, Any]

    def __init__(
        self, tenant: Tenant, known: Mapping[str, Any], *, initial: Any = None, data: Any = None, files: Any = None
    ) -> None:
        """`known`: the settings of the base version, secrets masked."""
        super().__init__(_with_carried(data, files) if data is not None else None, files, initial=initial)
        self.use_required_attribute = False
        self.known = known
        source = SettingSource(tenant, self.data if self.is_bound else None)
        self.groups = {
            platform: {
                key: source.node(f"{ROOT}{platform}.{key}", key, group.field(), known.get(platform) or {})
                for key, group in groups.items()
            }
            for platform, groups in GROUPS.items()
        }
        self.nodes, source.form = source.nodes, self
        self.fields.update(source.fields)
        self.heading_errors: list[str] = []

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self.settings = {**{key: value for key, value in self.known.items() if key not in GROUPS}, **self._said()}
        return data

    def _said(self) -> dict[str, Any]:
        told = {
            platform: {key: value for key, node in nodes.items() if (value := node.read()) is not ABSENT}
            for platform, nodes in self.groups.items()
        }
        return {platform: groups for platform, groups in told.items() if groups}

    def refuse(self, error: ApplicationError) -> None:
        """Every fault where it was typed, or else as near to it as there is something on the page."""
        unplaced = [] if error.content else [error.message]
        for path, told in error.content.items():
            texts = [_sentence(text) for text in (told if isinstance(told, list) else [told])]
            unplaced += [] if self._placed(path, texts) else [f"{path}: {text}" for text in texts]
        for text in unplaced:
            self.add_error(None, text)

    def _placed(self, path: str, texts: Iterable[str]) -> bool:
        place = self._place_of(path)
        while place:
            if place in self.fields:
                for text in texts:
                    self.add_error(place, text)
                return True
            if place in self.nodes:
                self.nodes[place].errors += texts
                return True
            place = STEP.sub("", place) if STEP.search(place) else ""
        return False

    def _place_of(self, path: str) -> str:
        """The name of the input: removed entries of lists move the later ones up, and some inputs stand for several."""
        for node in list(self.nodes.values()):  # parents come before their children
            for asked, shown in node.aliases().items():
                if path == asked or path.startswith((f"{asked}.", f"{asked}[")):
                    path = shown + path[len(asked) :]
                    break
        return path

    # What the page shows --------------------------------------------------------------------------------------------
    def platforms(self) -> list[dict[str, Any]]:
        return [
            {
                "title": PLATFORMS[platform],
                "note": NOTES.get(platform, ""),
                "is_open": platform == "ios" or bool(self.known.get(platform)) or self._is_wrong(nodes.values()),
                "sections": [self._section(platform, key, node) for key, node in nodes.items()],
            }
            for platform, nodes in self.groups.items()
        ]

    def _is_wrong(self, nodes: Iterable[Node]) -> bool:
        return self.is_bound and any(node.has_errors() for node in nodes)

    def _section(self, platform: str, key: str, node: Node) -> Section:
        is_set = key in (self.known.get(platform) or {})
        wrong = self._is_wrong([node])
        typed = self.is_bound and hasattr(self, "cleaned_data") and node.is_typed()
        return Section(key, GROUPS[platform][key].title, node, is_set or wrong or typed, is_set, wrong)

    def forgive(self) -> None:
        """Nothing is wrong with a form that is not done yet."""
        self._errors = forms.utils.ErrorDict()

    @property
    def fault_count(self) -> int:
        return sum(map(len, self.errors.values())) + sum(len(node.errors) for node in self.nodes.values())

    @property
    def is_refused(self) -> bool:
        return self.is_bound and self.fault_count > 0


def _sentence(text: Any) -> str:
    return str(text)[:1].upper() + str(text)[1:]


def _with_carried(data: Any, files: Any) -> Any:
    """What was posted, with the files in it as text: browsers do not fill in files again after an error."""
    told = data.copy()
    room = CARRIED
    for name, file in (files or {}).items():
        if name.startswith(ROOT) and file.size <= room:
            room -= file.size
            told[f"{name}.carried"] = base64.b64encode(file.read()).decode()
            file.seek(0)
    return told
