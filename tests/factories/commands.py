"""Command requests, queue rows and enrolments."""

import uuid

import factory
from django.utils import timezone

from commands.models import AppleEnrolment, CommandRequest, CommandStatus
from commands.models.status import State
from devices.models import Device
from tests.factories.devices import DeviceFactory
from tests.factories.tenants import TenantFactory


class CommandRequestFactory(factory.django.DjangoModelFactory[CommandRequest]):
    class Meta:
        model = CommandRequest

    tenant = factory.SubFactory(TenantFactory)
    command_type = CommandRequest.CommandType.DEVICE
    command = "LOCK"
    created_by = "tests"
    fanned_out_at = factory.LazyFunction(timezone.now)


def queued(device: Device, command: str = "LOCK", state: State = State.QUEUED, **fields: object) -> CommandStatus:
    """A row of this command for this device, with its request."""
    request = CommandRequestFactory(tenant=device.tenant, command=command, devices=[device.pk])
    return CommandStatus.objects.create(
        **{
            "tenant": device.tenant,
            "request": request,
            "device": device,
            "state": state,
            "not_before": timezone.now(),
            **fields,
        }
    )


class AppleEnrolmentFactory(factory.django.DjangoModelFactory[AppleEnrolment]):
    """An enabled enrolment with a made-up pin; real ones come from a simulated device (`tests.factories.fleet`)."""

    class Meta:
        model = AppleEnrolment

    device = factory.SubFactory(DeviceFactory)
    tenant = factory.SelfAttribute("device.tenant")
    enrolment_id = factory.SelfAttribute("device.udid")
    topic = "com.apple.mgmt.External.test"
    certificate_sha256 = factory.LazyFunction(lambda: uuid.uuid4().hex * 2)
    push_token = b"\x01" * 32
    push_magic = b"magic"
    authenticated_at = factory.LazyFunction(timezone.now)
    enabled_at = factory.LazyFunction(timezone.now)
