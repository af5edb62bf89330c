"""For whom a command is meant that the console sends: devices one by one, groups with all below them, of any tenant."""

import uuid
from collections import defaultdict
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
from unfold.widgets import UnfoldAdminSelectMultipleWidget, UnfoldAdminSelectWidget

from commands.models import CommandRequest
from commands.serializers import MAX_DEVICES, MAX_GROUPS
from commands.services.targets import count_targets
from config.api.fields import parse_id
from devices.models import Device, DeviceGroup, Platform
from tenants.admin.base import ScopedAdmin
from tenants.models import Role, Tenant

NAMED = 12
OFFERED = 500  # devices to choose from in one field
DEVICE_TYPES = [
    ("all", "All of them"),
    ("active", "Only those that were seen lately (active)"),
    ("inactive", "Only those that were not (inactive)"),
]


class Targets:
    """Devices and groups that a user may operate; what else was asked for is as if it did not exist."""

    def __init__(self, devices: list[Device], groups: list[DeviceGroup], device_type: str = "all") -> None:
        self.devices, self.groups, self.device_type = devices, groups, device_type

    def __bool__(self) -> bool:
        return bool(self.devices or self.groups)

    @property
    def all(self) -> list[Device | DeviceGroup]:
        return [*self.groups, *self.devices]

    @property
    def tenants(self) -> list[Tenant]:
        found = {target.tenant_id: target.tenant for target in self.all}
        return sorted(found.values(), key=lambda tenant: tenant.name)

    @property
    def platforms(self) -> set[str]:
        """A group may hold any."""
        return set(Platform.values) if self.groups else {device.platform for device in self.devices}

    @property
    def total(self) -> int:
        """Devices, as things stand."""
        if not self.groups and self.device_type == CommandRequest.DeviceType.ALL:
            return len(self.devices)
        return sum(count_targets(request) for request in self.requests())

    def requests(self, **columns: Any) -> list[CommandRequest]:
        """One per tenant, not saved."""
        devices: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
        groups: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
        for device in self.devices:
            devices[device.tenant_id].append(device.pk)
        for group in self.groups:
            groups[group.tenant_id].append(group.pk)
        return [
            CommandRequest(
                tenant=tenant,
                command_type=_command_type(devices[tenant.pk], groups[tenant.pk]),
                devices=devices[tenant.pk],
                groups=groups[tenant.pk],
                device_type=self.device_type,
                time_zone=tenant.time_zone,
                **columns,
            )
            for tenant in self.tenants
        ]

    def in_words(self, total: int) -> str:
        """`3 devices`, or `2 groups (37 devices today)`."""
        if not self.groups:
            return counted(total)
        named = [counted(len(self.devices))] if self.devices else []
        named.append(counted(len(self.groups), "group"))
        return f"{' and '.join(named)} ({counted(total)} today)"

    def hidden_fields(self) -> list[tuple[str, str]]:
        return [
            ("devices", ",".join(str(device.pk) for device in self.devices)),
            *(("groups", str(group.pk)) for group in self.groups),
            ("device_type", self.device_type),
        ]


def _command_type(devices: list[uuid.UUID], groups: list[uuid.UUID]) -> CommandRequest.CommandType:
    kinds = CommandRequest.CommandType
    if devices and groups:
        return kinds.DYNAMIC
    return kinds.GROUP if groups else kinds.DEVICE


def counted(number: int, noun: str = "device") -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def targets_of(page: ScopedAdmin, request: HttpRequest) -> Targets:
    """Those that a form names in its fields `devices`, `groups` and `device_type`."""
    words = ",".join(request.POST.getlist("devices")).split(",")[: MAX_DEVICES + 1]
    devices = page.choices_of(Device, request, Role.OPERATOR).filter(pk__in=_ids(words)).order_by("name", "id")
    groups = groups_to_choose(page, request).filter(pk__in=_ids(request.POST.getlist("groups")))
    asked = request.POST.get("device_type", "")
    kinds = CommandRequest.DeviceType
    return Targets(
        [device for device in devices if page.may(request, Role.OPERATOR, device)],
        list(groups),
        asked if asked in kinds.values else kinds.ALL.value,
    )


def _ids(words: list[str]) -> list[uuid.UUID]:
    return [parsed for word in words if (parsed := parse_id(word)) is not None]


def groups_to_choose(page: ScopedAdmin, request: HttpRequest) -> QuerySet[DeviceGroup]:
    """Those whose devices this user may operate."""
    tenants = page.choices_of(Tenant, request, Role.OPERATOR)
    rows = DeviceGroup.objects.filter(tenant__in=tenants).select_related("tenant", "parent")
    return rows.order_by("tenant__name", "name", "id")


class TargetsForm(forms.Form):
    """Groups beside what is chosen already, and which of the devices. `targets_of` reads it.

    With `offered`, devices can be chosen here too, of these.
    """

    devices = forms.MultipleChoiceField(
        required=False,
        label="Devices",
        help_text="Hold Ctrl or Cmd to choose several.",
        widget=UnfoldAdminSelectMultipleWidget(attrs={"size": 12}),
    )

    groups = forms.MultipleChoiceField(
        required=False,
        label="Chosen groups",
        help_text="Subgroups are part of a group. Hold Ctrl or Cmd to choose several.",
        widget=UnfoldAdminSelectMultipleWidget(attrs={"size": 6}),
    )
    device_type = forms.ChoiceField(
        required=False, label="Which devices", choices=DEVICE_TYPES, widget=UnfoldAdminSelectWidget()
    )

    def __init__(
        self,
        page: ScopedAdmin,
        request: HttpRequest,
        targets: Targets,
        *,
        tenant_id: str = "",
        offered: QuerySet[Device] | None = None,
    ) -> None:
        chosen = {group.pk: group for group in targets.groups}
        found = {group.pk: group for group in _of(groups_to_choose(page, request), tenant_id)[:MAX_GROUPS]}
        groups = {**chosen, **found}.values()
        several = len({group.tenant_id for group in groups}) > 1
        initial = {"groups": [str(pk) for pk in chosen], "device_type": targets.device_type}
        initial["devices"] = [str(device.pk) for device in targets.devices]
        super().__init__(initial=initial)
        self.has_groups = bool(groups)
        self.fields["groups"].choices = [(str(group.pk), _named(group, several)) for group in groups]  # type: ignore[attr-defined]
        self._offer(_of(offered, tenant_id) if offered is not None else None)

    def _offer(self, offered: QuerySet[Device] | None) -> None:
        rows = list(offered.order_by("name", "id")[: OFFERED + 1]) if offered is not None else []
        self.has_devices = bool(rows)
        told = [(str(device.pk), f"{device} ({device.serial})" if device.serial else str(device)) for device in rows]
        self.fields["devices"].choices = told[:OFFERED]  # type: ignore[attr-defined]
        if len(rows) > OFFERED:
            self.fields["devices"].help_text = f"The first {OFFERED} by name; choose a group for more."


def _of(rows: QuerySet[Any], tenant_id: str) -> QuerySet[Any]:
    return rows.filter(tenant_id=tenant_id) if tenant_id else rows


def _named(group: DeviceGroup, several: bool) -> str:
    path = f"{group.parent.name} / {group.name}" if group.parent else group.name
    return f"{path} ({group.tenant.name})" if several else path


def posted_under(prefix: str, data: "MultiValueDict[str, Any]") -> list[tuple[str, str]]:
    """What a form with this prefix was sent, to be sent again."""
    return [(name, value) for name, values in data.lists() if name.startswith(f"{prefix}-") for value in values]
