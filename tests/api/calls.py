"""A call of every served operation that succeeds for our tenant, and what belongs to the other one."""

import uuid
from dataclasses import astuple, dataclass, fields
from itertools import count
from typing import Any

from tenants.models import Tenant
from tests.api.seed import (
    APNS,
    APP_VERSION,
    APPS,
    CONVERGES,
    DEP_SYNCS,
    DEP_TOKENS,
    DEVICE_APPS,
    DEVICES_WITH_APP,
    FORM,
    ITUNES_APPS,
    LICENCES,
    OPERATIONS,
    SEAMLESS,
    VPP_TOKENS,
    Operation,
)
from tests.conftest import ApiClient
from tests.factories.apns_certificates import push_certificate, waiting_certificate
from tests.factories.apple_tokens import (
    CompletedDepTokenFactory,
    DepTokenFactory,
    VppTokenFactory,
    form,
    p7m,
    vpptoken,
)
from tests.factories.apps import next_store_app
from tests.factories.commands import queued
from tests.factories.converges import ConvergeFactory
from tests.factories.dep_rows import DepSyncFactory
from tests.factories.devices import DeviceFactory, seen
from tests.factories.ipas import build, upload_form
from tests.factories.licences import LicenceFactory, LocationFactory
from tests.factories.tenant_apps import TenantAppFactory, TenantAppVersionFactory

_builds = count(1)
HEARTBEAT_BOUNDS = "last_seen_gt=2000-01-01&last_seen_lt=2100-01-01"

_serials = count(1)
_adam_ids = count(408_000_001)
NOUNS = {
    "/commands/v0/commands/": "request",
    "/status/": "status",
    "/deptokens/": "dep_token",
    "/vpptokens/": "vpp_token",
    "/apnscertificates/": "certificate",
    "/v2/converge/": "converge",
    "/depsyncs/": "dep_sync",
}
NAMED = {
    "appId": "app",
    "versionId": "app_version",
    "deviceId": "device",
}  # whose id a path has not as `id`


@dataclass(frozen=True)
class Belongings:
    """The ids of one tenant's device, of a request for it, of its queued status, and of the tenant's credentials."""

    device: str
    request: str
    status: str
    dep_token: str
    vpp_token: str
    certificate: str  # of APNs; waits for its upload
    store_app: str
    app: str  # of the tenant's own
    app_version: str
    licence: str  # Apple's id of its app
    converge: str  # of the device, which has a blueprint
    dep_sync: str  # that has ended; another can be asked for
    blueprint: str

    @classmethod
    def all(cls, text: str) -> "Belongings":
        return cls(*[text] * len(fields(cls)))

    def capitals(self) -> "Belongings":
        return Belongings(*(each.upper() for each in astuple(self)))


def belongings_of(tenant: Tenant) -> Belongings:
    device = DeviceFactory(tenant=tenant)
    seen(device)
    status = queued(device)
    dep_token, vpp_token = DepTokenFactory(tenant), VppTokenFactory(tenant)
    credentials = (dep_token.pk, vpp_token.pk, waiting_certificate(tenant).pk)
    version = TenantAppVersionFactory(TenantAppFactory(tenant))
    apps = (next_store_app(tenant).pk, version.app_id, version.pk)
    mine = (device.pk, status.request_id, status.pk, *credentials, *apps)
    licence = LicenceFactory(LocationFactory(tenant, token_id=vpp_token.pk), adam_id=str(next(_adam_ids)))
    CompletedDepTokenFactory(tenant, consumer_key=f"CK of {tenant.pk}")
    converge = ConvergeFactory(device)
    others = (licence.adam_id, converge.pk, DepSyncFactory(tenant).pk, converge.blueprint_id)
    return Belongings(*(str(each) for each in (*mine, *others)))


def path_of(seed: Operation, owned: Belongings) -> str:
    """A path that this operation answers with success."""
    noun = next((noun for part, noun in NOUNS.items() if part in seed.path), "device")
    path = seed.path.replace("{id}", getattr(owned, noun))
    if seed.path.startswith(f"{LICENCES}/"):
        path = path.replace("{appId}", owned.licence)
    for name, noun in NAMED.items():
        path = path.replace(f"{{{name}}}", getattr(owned, noun))
    if seed.path == ITUNES_APPS:
        return f"{path}?app_id={owned.store_app}"
    if seed.path == DEVICES_WITH_APP:
        return f"{path}?app_id={owned.app}"
    return f"{path}?{HEARTBEAT_BOUNDS}" if seed.required_query else path


def body_of(seed: Operation, owned: Belongings) -> dict[str, Any] | None:
    if seed.path == APP_VERSION:
        return {"description": "New."} if seed.method == "PUT" else None
    if seed.path in (DEP_TOKENS, APNS, DEP_SYNCS):
        return {} if seed.method == "POST" else None
    if seed.path == CONVERGES and seed.method == "POST":
        return {"device_id": owned.device, "converge_with_provision_option": 0}
    if seed.path == SEAMLESS:
        info = {"unique_ids": next_serial(), "unique_id_type": 2}
        return {"assigned_blueprint_id": owned.blueprint, "seamless_info": info}
    if seed.method == "POST":
        return {"command_type": "DEVICE", "devices": [owned.device], "command": "LOCK"}
    return {"state": "Command Cancelled"} if seed.method == "PUT" else None


def next_serial() -> str:
    return f"EXPECTED{next(_serials)}"


def form_of(seed: Operation) -> dict[str, Any]:
    """A form that this operation takes; each token and each app is another one."""
    if seed.path == APPS:
        return upload_form(build(next(_builds)))
    if seed.path == VPP_TOKENS:
        return form(filename=vpptoken(token=uuid.uuid4().hex))
    if seed.path.startswith(SEAMLESS):
        return form(csv_file=f"serial_number\n{next_serial()}\n".encode())
    if seed.path.startswith(APNS):
        return form(file=push_certificate().encode(), apple_id="mdm@example.org")
    return form(file=p7m(consumer_key=uuid.uuid4().hex), token_name="Acme")


def call(api: ApiClient, seed: Operation, owned: Belongings, **options: Any) -> Any:
    sent = form_of(seed) if seed.body_type == FORM else {"body": body_of(seed, owned)}
    return api.request(seed.method.lower(), path_of(seed, owned), **{**sent, **options})


READS = [seed for seed in OPERATIONS if seed.method == "GET"]
WRITES = [seed for seed in OPERATIONS if seed.method != "GET"]
WITH_ID = [seed for seed in OPERATIONS if seed.ids]
LISTS = [seed for seed in READS if "limit" in seed.query and seed.path != DEVICE_APPS]  # that has no count, no links
