"""The form of a profile: rules of management, panes of the set-up assistant, who helps, and the oldest system."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminEmailInputWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from config.api.errors import ApplicationError
from devices.models import DeviceGroup
from onboarding.admin.pane_words import GROUPS, Pane
from onboarding.apple.setup_panes import ALL_PANES
from onboarding.models import DepProfile
from tenants.models import Tenant

RULES = (
    "is_supervised", "is_mandatory", "is_mdm_removable", "await_device_configured", "allow_pairing",
    "auto_advance_setup", "language", "region",
)  # fmt: skip
SECTIONS = (  # title, what it is about, fields
    ("Profile", "", ("name", "group", "is_default")),
    ("Management", "What counts from the moment the device is switched on.", RULES),
    (
        "Oldest system",
        "A device that is older is told to update to this version before it enrols. It must be able to install it: "
        "name one that your oldest models still get.",
        ("minimum_os_version", "minimum_macos_version"),
    ),
    (
        "Who helps",
        "The set-up assistant shows this.",
        ("department", "support_phone_number", "support_email_address"),
    ),
)
ON = {
    "is_supervised": ("Supervised", "Most rules of a blueprint need it. Without it, management can always be removed."),
    "is_mandatory": ("Must enrol", "Nobody can skip enrolment in the set-up assistant."),
    "is_mdm_removable": ("Management is removable", "Whoever has the device can take it out of management."),
    "await_device_configured": (
        "Wait for the blueprint",
        "The set-up assistant waits until the device has what its blueprint says, for some minutes at most.",
    ),
    "allow_pairing": ("May be paired with computers", "Such as for Finder or Xcode over a cable."),
    "auto_advance_setup": (
        "Set up by itself",
        "Apple TVs and Macs that are on a network by cable go through the set-up assistant alone.",
    ),
}
TEXTS = {
    "name": ("Name", "Apple and the device are told it."),
    "language": ("Language", "For setting up by itself: two letters, such as en."),
    "region": ("Region", "For setting up by itself: two capitals, such as US."),
    "minimum_os_version": ("iPhone and iPad", "Such as 26.1. Empty: any."),
    "minimum_macos_version": ("Mac", "Such as 26.1. Empty: any."),
    "department": ("Department", ""),
    "support_phone_number": ("Phone", ""),
    "support_email_address": ("E-mail", ""),
}


@dataclass(frozen=True)
class Section:
    title: str
    about: str
    fields: list[forms.BoundField]


class DepProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    """Judged by the service. `seen`: when what the form was made from was saved."""

    show_setup_items = forms.MultipleChoiceField(required=False, choices=[(key, key) for key in ALL_PANES])
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = DepProfile
        fields = ("name", "is_default", "group", "show_setup_items", *ON, *(name for name in TEXTS if name != "name"))

    def __init__(self, tenant: Tenant, instance: DepProfile, data: Any = None) -> None:
        super().__init__(data, instance=instance)
        self.use_required_attribute = False
        self.initial["seen"] = stamp(instance)
        self._dress()
        group = self.fields["group"]
        assert isinstance(group, forms.ModelChoiceField)
        group.queryset = DeviceGroup.objects.filter(tenant=tenant).order_by("name", "id")
        group.empty_label = "No group"
        self._offer_default(tenant, instance)

    def _dress(self) -> None:
        """In the theme's look and in plain words."""
        for name, (label, hint) in {**ON, **TEXTS}.items():
            field = self.fields[name]
            field.label, field.help_text = label, hint
            field.widget = UnfoldBooleanWidget() if name in ON else UnfoldAdminTextInputWidget(attrs=field.widget.attrs)
        self.fields["support_email_address"].widget = UnfoldAdminEmailInputWidget(attrs={"autocomplete": "off"})
        group = self.fields["group"]
        group.widget = UnfoldAdminSelectWidget()
        group.help_text = "Where its devices land when they enrol, unless they were registered beforehand."

    def _offer_default(self, tenant: Tenant, instance: DepProfile) -> None:
        field = self.fields["is_default"]
        field.widget, field.label = UnfoldBooleanWidget(), "Default"
        field.help_text = "For all devices that were given no other, neither themselves nor by their server."
        others = DepProfile.objects.filter(tenant=tenant, is_default=True).exclude(pk=instance.pk)
        if not others.exists():  # there has to be one
            self.initial["is_default"] = True
            field.disabled = True
            field.help_text = "It is the default. Make another one the default instead."

    @property
    def sections(self) -> list[Section]:
        return [Section(title, about, [self[name] for name in names]) for title, about, names in SECTIONS]

    @property
    def panes(self) -> Iterator[tuple[str, list[tuple[Pane, bool]]]]:
        """Each group, and its panes with whether they are ticked."""
        shown = set(self["show_setup_items"].value() or ())
        for title, panes in GROUPS:
            yield title, [(pane, pane.key in shown) for pane in panes]

    def refuse(self, error: ApplicationError) -> None:
        """At the fields that the service names."""
        named = {name: told for name, told in error.content.items() if name in self.fields}
        for name, told in named.items():
            self.add_error(name, told)
        if not named:
            self.add_error(None, error.message)


def stamp(profile: DepProfile) -> str:
    """Of what is stored; another one once somebody saves."""
    return "" if profile._state.adding else profile.updated_at.isoformat()
