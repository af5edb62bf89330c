"""A call of every served operation that succeeds for our tenant, and what belongs to the other one."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from itertools import count
from types import SimpleNamespace
from typing import Any

from django.db import transaction

from commands.models import Converge
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
    "/v2/converge": "converge",
    "/depsyncs/": "dep_sync",
    "/v2/tenant-apps": "app",
}
NAMED = {
    "appId": "app",
    "versionId": "app_version",
    "deviceId": "device",
}  # whose id a path has not as `id`


class Belongings:
    """The ids of what one tenant has: a device, a request for it, its queued status; once it is named, the rest."""

    def __init__(self, tenant: Tenant) -> None:
        device = DeviceFactory(tenant=tenant)
        seen(device)
        status = queued(device)
        self.tenant, self._device = tenant, device
        self.device, self.request, self.status = str(device.pk), str(status.request_id), str(status.pk)

    @cached_property
    def dep_token(self) -> str:
        """It waits for its upload; another one is complete."""
        CompletedDepTokenFactory(self.tenant, consumer_key=f"CK of {self.tenant.pk}")
        return str(DepTokenFactory(self.tenant).pk)

    @cached_property
    def vpp_token(self) -> str:
        return str(VppTokenFactory(self.tenant).pk)

    @cached_property
    def certificate(self) -> str:
        """Of APNs; it waits for its upload."""
        return str(waiting_certificate(self.tenant).pk)

    @cached_property
    def store_app(self) -> str:
        return str(next_store_app(self.tenant).pk)

    @cached_property
    def app(self) -> str:
        """The tenant's own; it has a version."""
        app = TenantAppFactory(self.tenant)
        self._version = TenantAppVersionFactory(app)
        return str(app.pk)

    @property
    def app_version(self) -> str:
        assert self.app
        return str(self._version.pk)

    @cached_property
    def licence(self) -> str:
        """Apple's id of its app."""
        location = LocationFactory(self.tenant, token_id=self.vpp_token)
        return LicenceFactory(location, adam_id=str(next(_adam_ids))).adam_id

    @cached_property
    def _converge(self) -> Converge:
        return ConvergeFactory(self._device)

    @property
    def converge(self) -> str:
        """Of the device, which has a blueprint."""
        return str(self._converge.pk)

    @property
    def blueprint(self) -> str:
        return str(self._converge.blueprint_id)

    @cached_property
    def dep_sync(self) -> str:
        """It has ended; another can be asked for."""
        assert self.dep_token
        return str(DepSyncFactory(self.tenant).pk)

    def complete(self) -> "Belongings":
        """All of it is made."""
        assert all(getattr(self, name) for name in THINGS)
        return self

    def capitals(self) -> SimpleNamespace:
        return SimpleNamespace(**{name: getattr(self, name).upper() for name in THINGS})


Owned = Belongings | SimpleNamespace
THINGS = ["device", "request", "status", "dep_token", "vpp_token", "certificate", "store_app", "app", "app_version"]
THINGS += ["licence", "converge", "blueprint", "dep_sync"]


def everything_is(text: str) -> SimpleNamespace:
    return SimpleNamespace(**dict.fromkeys(THINGS, text))


def belongings_of(tenant: Tenant) -> Belongings:
    return Belongings(tenant)


def path_of(seed: Operation, owned: Owned) -> str:
    """A path that this operation answers with success. What its list shows is made."""
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


def body_of(seed: Operation, owned: Owned) -> dict[str, Any] | None:
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


def call(api: ApiClient, seed: Operation, owned: Owned, **options: Any) -> Any:
    sent = form_of(seed) if seed.body_type == FORM else {"body": body_of(seed, owned)}
    return api.request(seed.method.lower(), path_of(seed, owned), **{**sent, **options})


@contextmanager
def undone() -> Iterator[None]:
    """What is changed inside is changed back at its end."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def tried(api: ApiClient, tenant: Tenant, seed: Operation, **options: Any) -> Any:
    """The answer to a call about things made for it; then there is none of it."""
    with undone():
        return call(api, seed, belongings_of(tenant), **options)


READS = [seed for seed in OPERATIONS if seed.method == "GET"]
WRITES = [seed for seed in OPERATIONS if seed.method != "GET"]
WITH_ID = [seed for seed in OPERATIONS if seed.ids]
LISTS = [seed for seed in READS if "limit" in seed.query and seed.path != DEVICE_APPS]  # that has no count, no links
