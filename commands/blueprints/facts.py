"""What is known of devices that a plan compares with: read for many of them at once."""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from apps_domain.models import DeviceApp
from commands.apple.declared import problems_of
from commands.models import AppleDeclarations
from devices.models import AppliedSetting, Device, DeviceProfile, InstalledApp


@dataclass(frozen=True)
class FoundProfile:
    uuid: str
    name: str


@dataclass(frozen=True)
class FoundApp:
    """As the device lists it; this server manages it."""

    short_version: str
    version: str


@dataclass(frozen=True)
class Applied:
    """What a blueprint brought, as the ledger has it."""

    fingerprint: str
    details: dict[str, Any]


@dataclass
class Facts:
    profiles: dict[str, FoundProfile] = field(default_factory=dict)  # by identifier
    apps: dict[str, FoundApp] = field(default_factory=dict)  # by bundle identifier
    ours: dict[str, DeviceApp] = field(default_factory=dict)  # by bundle identifier
    applied: dict[str, Applied] = field(default_factory=dict)  # by part
    declarations: tuple[str, ...] = ()  # identifiers of the set that it was last told of
    declarations_token: str = ""
    declaration_problems: tuple[tuple[str, str], ...] = ()  # identifier, and why it is not in force


def facts_of(devices: Iterable[Device]) -> dict[uuid.UUID, Facts]:
    """One query for each kind of fact, whatever the number of devices."""
    by_id = {device.pk: device for device in devices}
    ids = list(by_id)
    found: dict[uuid.UUID, Facts] = defaultdict(Facts)
    profiles = DeviceProfile.objects.filter(device_id__in=ids).order_by()
    for device_id, identifier, told, name in profiles.values_list("device_id", "identifier", "uuid", "display_name"):
        found[device_id].profiles[identifier] = FoundProfile(told, name)
    apps = InstalledApp.objects.filter(device_id__in=ids, is_managed=True).order_by()
    for app in apps.only("device_id", "identifier", "short_version", "version"):
        found[app.device_id].apps[app.identifier] = FoundApp(app.short_version, app.version)
    for row in DeviceApp.objects.filter(device_id__in=ids).order_by():
        found[row.device_id].ours[row.bundle_id] = row
    applied = AppliedSetting.objects.filter(device_id__in=ids).order_by()
    for device_id, part, fingerprint, details in applied.values_list("device_id", "part", "fingerprint", "details"):
        found[device_id].applied[part] = Applied(fingerprint, details)
    for declared in AppleDeclarations.objects.filter(device_id__in=ids).only("token", "declarations", "status"):
        facts = found[declared.pk]
        facts.declarations_token = declared.token
        facts.declarations = tuple(each["Identifier"] for each in declared.declarations)
        facts.declaration_problems = tuple(problems_of(declared, by_id[declared.pk]))
    return {each: found[each] for each in ids}
