"""Browsers of console users."""

import datetime as dt

from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from commands.models import Converge
from devices.models import Blueprint, BlueprintImage, BlueprintVersion, Device, DeviceGroup, DriftReport
from onboarding.models import EnrolmentProfile
from tenants.models import ApnsCertificate, ExpiryWarning, Membership, Role, Tenant, TenantContact
from tests.factories.apple_tokens import CompletedDepTokenFactory, VppTokenFactory
from tests.factories.blueprints import BlueprintFactory
from tests.factories.commands import AppleEnrolmentFactory, queued
from tests.factories.dep_rows import DepDeviceFactory, DepProfileFactory, DepServerFactory, DepSyncFactory
from tests.factories.devices import DeviceFactory, DeviceGroupFactory, seen
from tests.factories.licences import AssignmentFactory, LicenceFactory, LocationFactory
from tests.factories.seamless import SeamlessRowFactory, SeamlessUploadFactory, expect
from tests.factories.tenants import UserFactory, token_for

PLANTED = {"wifi_networks": [{"ssid": "Office", "password": "planted-wifi-password"}]}
BACKEND = "django.contrib.auth.backends.ModelBackend"


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def superuser() -> Client:
    return browser(UserFactory(username="root", is_superuser=True))


def member(tenant: Tenant, role: Role = Role.OPERATOR) -> Client:
    """Logged in as a member of the tenant; several calls make several users."""
    user = UserFactory()
    Membership.objects.create(user=user, tenant=tenant, role=role)
    return browser(user)


def apns_certificate(tenant: Tenant, *, days: int = 200, **fields: object) -> ApnsCertificate:
    """A completed one that ends in so many days. Its key is the word `apns-private-key`."""
    return ApnsCertificate.objects.create(
        **{
            "tenant": tenant,
            "state": ApnsCertificate.State.COMPLETED,
            "private_key": b"apns-private-key",
            "certificate": "PEM",
            "topic": f"com.apple.mgmt.External.{tenant.pk}",
            "cert_expiry_on": timezone.now() + dt.timedelta(days=days),
            **fields,
        }
    )


class Furnished:
    """One of everything in a tenant, named after it, with planted secrets."""

    def __init__(self, tenant: Tenant) -> None:
        word = tenant.name
        self.tenant = tenant
        self.group: DeviceGroup = DeviceGroupFactory(tenant=tenant, name=f"{word} group")
        self.device: Device = DeviceFactory(
            tenant=tenant, name=f"{word} phone", serial=f"{word}SERIAL", group=self.group
        )
        seen(self.device)
        self.enrolment = AppleEnrolmentFactory(
            device=self.device,
            push_token=b"planted-push-token",
            push_magic=b"planted-push-magic",
            unlock_token=b"planted-unlock-token",
            bootstrap_token=b"planted-bootstrap-token",
        )
        self.status = queued(self.device, "LOCK", reason=f"{word} reason")
        self.request = self.status.request
        self.token, self.token_text = token_for(tenant)
        self.certificate = apns_certificate(tenant)
        self.dep_token = CompletedDepTokenFactory(tenant)
        self.vpp_token = VppTokenFactory(tenant)
        self.location = LocationFactory(tenant, token=self.vpp_token, name=f"{word} location")
        self.licence = LicenceFactory(self.location)
        self.assignment = AssignmentFactory(self.licence, self.device.serial)
        self.contact = TenantContact.objects.create(
            tenant=tenant, name=f"{word} person", email=f"person@{tenant.pk}.example"
        )
        self.warning = ExpiryWarning.objects.create(
            tenant=tenant,
            kind="vpp_token",
            object_id=str(self.vpp_token.pk),
            name=f"{word} Org",
            expires_at=self.vpp_token.token_expiry_on,
            days=30,
        )
        self.link = EnrolmentProfile.objects.create(tenant=tenant, name=f"{word} link")
        self.blueprint: Blueprint = BlueprintFactory(tenant, name=f"{word} blueprint", ios=PLANTED)
        self.version: BlueprintVersion = self.blueprint.versions.get()
        self.image = BlueprintImage.objects.create(
            tenant=tenant, sha256=word, content_type="image/png", image=b"\x89PNG\r\n\x1a\n"
        )
        self.converge = Converge.objects.create(
            tenant=tenant, device=self.device, blueprint=self.blueprint, blueprint_version=self.version
        )
        self.drift = DriftReport.objects.create(
            device=self.device,
            tenant=tenant,
            blueprint_version=self.version,
            differences=[{"setting": f"{word}_settings.value", "part": "", "wanted": True, "found": False}],
            count=1,
        )
        self.dep_profile = DepProfileFactory(tenant, name=f"{word} profile")
        self.dep_server = DepServerFactory(tenant, name=f"{word} server")
        self.dep_device = DepDeviceFactory(
            self.dep_server, serial=self.device.serial, device=self.device, description=f"{word} iPhone"
        )
        self.dep_sync = DepSyncFactory(tenant, created_by=f"{word} caller")
        self.upload = SeamlessUploadFactory(tenant, file_name=f"{word}.csv", row_count=1)
        self.row = SeamlessRowFactory(self.upload, alias=f"{word} alias")
        self.registration = expect(
            tenant, serial=f"{word.upper()}EXPECTED", blueprint=self.blueprint, alias=f"{word} alias"
        )
