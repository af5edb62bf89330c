"""Choosing apps in a blueprint: one select of all that the tenant has, instead of three ids."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from apps_domain.models import StoreApp, TenantAppVersion
from apps_domain.selectors.vendor_apps import list_vendor_versions
from commands.admin.setting_fields import ABSENT
from commands.admin.setting_nodes import Branch, Leaf, Node, Rows, Source
from tenants.models import Tenant

MOST = 1000  # apps of a kind to choose from
LATEST = "latest"
PRELOADED = "PRELOADED"
PARTS = ("app_type", "app_id", "app_version_id")
Choice = tuple[str, str]


class AppChoices:
    """The apps that a tenant's blueprints may name, read from the database once per page."""

    def __init__(self, tenant: Tenant) -> None:
        store = StoreApp.objects.filter(tenant=tenant).order_by("name", "apple_app_id")[:MOST]
        self.store = list(store.only("id", "name", "apple_app_id"))
        self.own = list(TenantAppVersion.objects.filter(app__tenant=tenant).select_related("app")[:MOST])
        self.vendor = list(list_vendor_versions(tenant).filter(app__platform="APPLE")[:MOST])

    def of_versions(self) -> list[tuple[str, list[Choice]]]:
        """To install: an app of the store, or a version of another."""
        return [
            ("Store apps, always the latest version", self._store(LATEST)),
            ("Our own apps", [self._version("TENANT_IOS", row) for row in self.own]),
            ("Published apps", [self._version("ESPER_IOS", row) for row in self.vendor]),
        ]

    def of_apps(self) -> list[tuple[str, list[Choice]]]:
        """To show: an app, whatever its version."""
        own = {f"TENANT_IOS|{row.app_id}|": row.app.app_name for row in self.own}
        vendor = {f"ESPER_IOS|{row.app_id}|": row.app.app_name for row in self.vendor}
        return [
            ("Store apps", self._store("")),
            ("Our own apps", list(own.items())),
            ("Published apps", list(vendor.items())),
        ]

    def _store(self, version: str) -> list[Choice]:
        return [(f"VPP|{app.pk}|{version}", app.name or f"Apple's app {app.apple_app_id}") for app in self.store]

    def _version(self, kind: str, row: Any) -> Choice:
        return f"{kind}|{row.app_id}|{row.pk}", f"{row.app.app_name} {row.version_name} ({row.build_number})"


class AppPicker(Branch):
    """An app: chosen, or named by its bundle identifier if it came with the system."""

    choices: ClassVar[str] = "of_apps"

    def __init__(self, source: Any, path: str, label: str, serializer: Any, value: Any) -> None:
        self.app_path, self.bundle_path = f"{path}.app", f"{path}.bundle"
        super().__init__(source, path, label, serializer, value)

    def _children(self, source: Any, serializer: Any, known: dict[str, Any]) -> Any:
        preloaded = known.get("app_type") == PRELOADED
        offered = [group for group in getattr(source.apps, self.choices)() if group[1]]
        chosen = "" if not known or preloaded else self._chosen(known)
        if chosen and not any(chosen == value for _, rows in offered for value, _ in rows):
            offered.append(("As it is now", [(chosen, f"{known.get('app_id')} {known.get('app_version_id') or ''}")]))
        yield "app", Input(source, self.app_path, _picker(offered, chosen))
        yield "bundle", Input(source, self.bundle_path, _bundle(known.get("app_id") if preloaded else None))
        rest = {name: field for name, field in serializer.fields.items() if name not in (*PARTS, "state")}
        for name, field in rest.items():
            yield name, Leaf(source, f"{self.path}.{name}", name, field, known.get(name))

    def _chosen(self, known: dict[str, Any]) -> str:
        version = (known.get("app_version_id") or LATEST) if self.choices == "of_versions" else ""
        return f"{known.get('app_type')}|{known.get('app_id')}|{version}"

    def read(self) -> Any:
        chosen, bundle = self.children["app"].read(), self.children["bundle"].read()
        rest = {
            name: value
            for name, node in self.children.items()
            if name not in ("app", "bundle") and (value := node.read()) is not ABSENT
        }
        if chosen is not ABSENT and bundle is not ABSENT:
            self.form.add_error(self.bundle_path, "Choose an app above, or name a preloaded one here, not both.")
        if chosen is not ABSENT:
            told = dict(zip(PARTS, chosen.split("|"), strict=False))
            return self._with_state({**{name: part for name, part in told.items() if part}, **rest})
        if bundle is not ABSENT:
            return self._with_state({"app_type": PRELOADED, "app_id": bundle, **rest})
        if any(node.is_typed() for name, node in self.children.items() if name not in ("app", "bundle")):
            self.form.add_error(self.app_path, "Choose an app.")
        return ABSENT

    def _with_state(self, told: dict[str, Any]) -> dict[str, Any]:
        return told

    def aliases(self) -> Mapping[str, str]:
        return {f"{self.path}.{part}": self.app_path for part in PARTS}


class AppEntry(AppPicker):
    """One of the apps that a device is to have."""

    choices = "of_versions"

    def _with_state(self, told: dict[str, Any]) -> dict[str, Any]:
        return {"state": "SHOW", **told}


class AppRows(Rows):
    def entry(self, source: Any, path: str, child: Any, value: Any) -> Node:
        return AppEntry(source, path, "", child, value)


class Input(Node):
    """An input of ours that stands for several settings."""

    kind = "leaf"

    def __init__(self, source: Source, path: str, field: forms.Field) -> None:
        super().__init__(source, path, str(field.label))
        source.fields[path] = field

    def read(self) -> Any:
        return (self.form.cleaned_data.get(self.path) or "").strip() or ABSENT

    def is_typed(self) -> bool:
        return self.read() is not ABSENT

    def has_errors(self) -> bool:
        return bool(self.form[self.path].errors)


def _picker(offered: list[tuple[str, list[Choice]]], chosen: str) -> forms.Field:
    return forms.ChoiceField(
        required=False,
        label="App",
        initial=chosen,
        choices=[("", "–"), *offered],
        help_text="" if offered else "There is none yet: look one up in the store, or upload one.",
        widget=UnfoldAdminSelectWidget,
    )


def _bundle(known: Any) -> forms.Field:
    return forms.CharField(
        required=False,
        label="Or one that comes with the system",
        initial=known,
        help_text="Its bundle identifier, such as com.apple.mobilesafari.",
        widget=UnfoldAdminTextInputWidget,
    )
