"""A call of every served operation that succeeds for our tenant, and what belongs to the other one."""

from dataclasses import dataclass
from typing import Any

from tenants.models import Tenant
from tests.api.seed import OPERATIONS, Operation
from tests.conftest import ApiClient
from tests.factories.commands import queued
from tests.factories.devices import DeviceFactory, seen

HEARTBEAT_BOUNDS = "last_seen_gt=2000-01-01&last_seen_lt=2100-01-01"


@dataclass(frozen=True)
class Belongings:
    """The ids of one tenant's device, of a request for it and of its queued status."""

    device: str
    request: str
    status: str


def belongings_of(tenant: Tenant) -> Belongings:
    device = DeviceFactory(tenant=tenant)
    seen(device)
    status = queued(device)
    return Belongings(str(device.pk), str(status.request_id), str(status.pk))


def path_of(seed: Operation, owned: Belongings) -> str:
    """A path that this operation answers with success."""
    noun = "request" if "/commands/v0/commands/" in seed.path else "status" if "/status/" in seed.path else "device"
    path = seed.path.replace("{id}", getattr(owned, noun))
    return f"{path}?{HEARTBEAT_BOUNDS}" if seed.required_query else path


def body_of(seed: Operation, owned: Belongings) -> dict[str, Any] | None:
    if seed.method == "POST":
        return {"command_type": "DEVICE", "devices": [owned.device], "command": "LOCK"}
    return {"state": "Command Cancelled"} if seed.method == "PUT" else None


def call(api: ApiClient, seed: Operation, owned: Belongings, **options: Any) -> Any:
    return api.request(seed.method.lower(), path_of(seed, owned), body_of(seed, owned), **options)


READS = [seed for seed in OPERATIONS if seed.method == "GET"]
WRITES = [seed for seed in OPERATIONS if seed.method != "GET"]
WITH_ID = [seed for seed in OPERATIONS if seed.path_id]
LISTS = [seed for seed in READS if "limit" in seed.query]
