"""Which groups and devices have a blueprint as their own: chosen on one page, told in words."""

import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from unfold.widgets import UnfoldAdminSelectMultipleWidget

from commands.admin.blueprint_actions import ask
from commands.admin.send_targets import counted
from commands.services.assignments import Changed, assign_blueprint, withdraw_blueprint
from config.api.errors import ApplicationError
from config.api.fields import parse_id
from devices.models import Blueprint, Device, DeviceGroup, DeviceState
from tenants.actors import console_actor

if TYPE_CHECKING:
    from tenants.admin.base import ScopedAdmin

OFFERED = 500  # devices to choose from
HELD = 500  # devices that have it and are shown
GROUPS = 2000


@dataclass(frozen=True)
class Row:
    """A group at its place in the tree."""

    group: DeviceGroup
    depth: int
    is_checked: bool

    @property
    def indent(self) -> str:
        return f"{self.depth * 20}px"

    @property
    def told(self) -> str:
        """What counts there now."""
        own, effective = self.group.blueprint, self.group.effective_blueprint
        if own is not None:
            return f"has {own.name}"
        return f"inherits {effective.name}" if effective is not None else "no blueprint"


class DevicesForm(forms.Form):
    devices = forms.MultipleChoiceField(
        required=False,
        label="Devices that get it as their own",
        help_text="Hold Ctrl or Cmd to choose several. It then counts for them instead of their group's.",
        widget=UnfoldAdminSelectMultipleWidget(attrs={"size": 10}),
    )

    def __init__(self, offered: Sequence[Device], chosen: Sequence[str]) -> None:
        super().__init__(initial={"devices": list(chosen)})
        field = self.fields["devices"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(str(row.pk), f"{row} ({row.serial})" if row.serial else str(row)) for row in offered]


def assign_page(page: "ScopedAdmin", request: HttpRequest, blueprint: Blueprint) -> HttpResponse:
    groups = list(_groups(blueprint)[:GROUPS])
    search = request.GET.get("q", "").replace("\0", "").strip()
    if request.method == "POST":
        try:
            page.message_user(request, _write(request, blueprint, groups), messages.SUCCESS)
            return redirect(page.url_of(blueprint))
        except ApplicationError as error:
            page.message_user(request, error.message, messages.ERROR)
    posted = request.POST if request.method == "POST" else None
    checked = set(posted.getlist("groups")) if posted else {str(g.pk) for g in groups if g.blueprint_id == blueprint.pk}
    offered = list(_offered(blueprint, search)[: OFFERED + 1])
    return ask(
        page,
        request,
        blueprint,
        "assign",
        title=f"Assign {blueprint.name}",
        rows=list(_tree(groups, checked)),
        search=search,
        form=DevicesForm(offered[:OFFERED], posted.getlist("devices") if posted else []),
        offered=len(offered[:OFFERED]),
        more=len(offered) > OFFERED,
        held=list(_devices(blueprint).filter(assigned_blueprint=blueprint)[:HELD]),
        removed=set(posted.getlist("remove")) if posted else set(),
        published=blueprint.published_version,
    )


def _groups(blueprint: Blueprint) -> QuerySet[DeviceGroup]:
    rows = DeviceGroup.objects.filter(tenant=blueprint.tenant_id).order_by("name", "id")
    return rows.select_related("blueprint", "effective_blueprint")


def _devices(blueprint: Blueprint) -> QuerySet[Device]:
    rows = Device.objects.filter(tenant=blueprint.tenant_id).exclude(state=DeviceState.DISABLED)
    return rows.order_by("name", "id").defer("search_text", "policy")


def _offered(blueprint: Blueprint, search: str) -> QuerySet[Device]:
    rows = _devices(blueprint).filter(~Q(assigned_blueprint=blueprint) | Q(assigned_blueprint=None))
    return rows.filter(search_text__contains=search.lower()) if search else rows


def _tree(groups: list[DeviceGroup], checked: set[str]) -> Iterator[Row]:
    """From the roots down, each after the one above it."""
    children: dict[uuid.UUID | None, list[DeviceGroup]] = defaultdict(list)
    known = {group.pk for group in groups}
    for group in groups:
        children[group.parent_id if group.parent_id in known else None].append(group)
    waiting = [(group, 0) for group in reversed(children[None])]
    while waiting:
        group, depth = waiting.pop()
        yield Row(group, depth, str(group.pk) in checked)
        waiting += [(child, depth + 1) for child in reversed(children[group.pk])]


@transaction.atomic
def _write(request: HttpRequest, blueprint: Blueprint, groups: list[DeviceGroup]) -> str:
    """Groups that were ticked get it, those that no longer are lose it; in words what that came to."""
    ticked = set(_ids(request.POST.getlist("groups")))
    had = {group.pk for group in groups if group.blueprint_id == blueprint.pk}
    shown = {group.pk for group in groups}
    told: dict[str, Any] = {"tenant": blueprint.tenant, "actor": console_actor(request), "blueprint": blueprint}
    given = assign_blueprint(
        **told, device_ids=_ids(request.POST.getlist("devices")), group_ids=sorted(ticked & shown - had)
    )
    taken = withdraw_blueprint(**told, device_ids=_ids(request.POST.getlist("remove")), group_ids=sorted(had - ticked))
    words = [
        *([f"{_named(given)} got {blueprint.name}."] if _any(given) else []),
        *([f"It was taken from {_named(taken)}."] if _any(taken) else []),
    ]
    if not words:
        return "Nothing was changed."
    return " ".join([*words, "Nothing was sent: devices get what differs when they converge."])


def _any(changed: Changed) -> bool:
    return bool(changed.devices or changed.groups)


def _named(changed: Changed) -> str:
    parts = [(len(changed.groups), "group"), (len(changed.devices), "device")]
    return " and ".join(counted(number, noun) for number, noun in parts if number)


def _ids(words: list[str]) -> list[uuid.UUID]:
    return [known for word in words if (known := parse_id(word)) is not None]
