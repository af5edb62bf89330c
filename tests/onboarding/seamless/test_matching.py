"""A device that comes gets what was registered for it."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from commands.models import Converge
from devices.models import Device, DeviceState
from onboarding.models import EnrolmentProfile
from onboarding.services.seamless.matching import apply_registration, apply_registrations, hold_registrations
from tenants.models import AuditEvent, Tenant
from tests.factories.apple import issued, put, token_update
from tests.factories.blueprints import BlueprintFactory
from tests.factories.devices import AndroidFactory, DeviceFactory, DeviceGroupFactory, some_devices
from tests.factories.fleet import TOPIC
from tests.factories.seamless import expect

IMEI = "490154203237518"
FIRST = {"MessageType": "Authenticate", "Topic": TOPIC, "UDID": "U-1", "SerialNumber": "s-1", "DeviceName": "Phone"}


def test_an_enrolling_device_gets_blueprint_group_and_alias(link: EnrolmentProfile) -> None:
    blueprint, group = BlueprintFactory(link.tenant), DeviceGroupFactory(tenant=link.tenant)
    EnrolmentProfile.objects.update(group=DeviceGroupFactory(tenant=link.tenant, name="The link's"))
    registration = expect(link.tenant, serial="S-1", blueprint=blueprint, group=group, alias="Till 4")

    put(issued(link), FIRST)

    device = Device.objects.get()
    assert (device.assigned_blueprint, device.group, device.alias) == (blueprint, group, "Till 4")
    assert device.is_seamless
    registration.refresh_from_db()
    assert registration.applied_at is not None
    assert registration.device == device
    assert AuditEvent.objects.filter(action="device.expected", object_id=str(device.pk)).count() == 1


def test_its_first_converge_is_to_that_blueprint_with_what_is_for_provisioning(link: EnrolmentProfile) -> None:
    blueprint = BlueprintFactory(link.tenant)
    expect(link.tenant, serial="S-1", blueprint=blueprint)
    identity = issued(link)

    put(identity, FIRST)
    token_update(identity, UDID="U-1")

    converge = Converge.objects.get()
    assert (converge.blueprint, converge.converge_with_provision_option) == (blueprint, True)


def test_without_a_group_of_its_own_it_lands_in_the_links(link: EnrolmentProfile) -> None:
    group = DeviceGroupFactory(tenant=link.tenant)
    EnrolmentProfile.objects.update(group=group)
    expect(link.tenant, serial="S-1", blueprint=BlueprintFactory(link.tenant))

    put(issued(link), FIRST)

    assert Device.objects.get().group == group


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ({"udid": "U-1"}, {}),
        ({"imei": IMEI}, {"IMEI": "49 015420 323751 8"}),
    ],
)
def test_is_found_by_udid_or_imei_too(link: EnrolmentProfile, named: dict[str, str], told: dict[str, str]) -> None:
    expect(link.tenant, **named, alias="Till 4")

    put(issued(link), {**FIRST, **told})

    assert Device.objects.get().alias == "Till 4"


def test_a_registration_is_given_once(link: EnrolmentProfile) -> None:
    expect(link.tenant, serial="S-1", alias="Till 4")
    put(issued(link), FIRST)
    Device.objects.update(alias="Till 5")

    put(issued(link), FIRST)

    assert Device.objects.get().alias == "Till 5"


def test_what_another_tenant_expects_is_not_given(link: EnrolmentProfile, other_tenant: Tenant) -> None:
    registration = expect(other_tenant, serial="S-1", udid="U-1", alias="Theirs")

    put(issued(link), FIRST)

    device = Device.objects.get()
    assert (device.alias, device.is_seamless) == ("", False)
    registration.refresh_from_db()
    assert registration.applied_at is None


def test_another_serial_number_means_another_device(tenant: Tenant) -> None:
    expect(tenant, serial="S-2", imei=IMEI, alias="Another's")
    device = DeviceFactory(tenant=tenant, serial="S-1", network_info={"imei1": IMEI})

    with transaction.atomic():
        assert apply_registration(device) is None


def test_the_serial_number_says_more_than_the_imei_and_both_are_settled(tenant: Tenant) -> None:
    by_imei, by_serial = expect(tenant, imei=IMEI, alias="By IMEI"), expect(tenant, serial="S-1", alias="By serial")
    device = DeviceFactory(tenant=tenant, serial="S-1")

    with transaction.atomic():
        apply_registration(device, imeis=[IMEI])

    assert device.alias == "By serial"
    for registration in (by_imei, by_serial):
        registration.refresh_from_db()
        assert registration.device == device


def test_a_group_without_a_blueprint_of_the_row_puts_the_groups_in_force(tenant: Tenant) -> None:
    group = DeviceGroupFactory(tenant=tenant, blueprint=BlueprintFactory(tenant))
    expect(tenant, serial="S-1", group=group)
    device = DeviceFactory(tenant=tenant, serial="S-1", assigned_blueprint=BlueprintFactory(tenant, name="Its own"))

    with transaction.atomic():
        apply_registration(device)

    assert (device.assigned_blueprint, device.group) == (None, group)


def test_serves_any_platform(tenant: Tenant) -> None:
    expect(tenant, imei=IMEI, alias="Scanner")
    device = AndroidFactory(tenant=tenant, network_info={"imei2": IMEI})

    with transaction.atomic():
        hold_registrations(tenant.pk)
        assert apply_registration(device) is not None

    assert device.alias == "Scanner"


def test_devices_that_become_known_are_given_theirs_together(tenant: Tenant) -> None:
    known = some_devices(3, tenant=tenant, state=DeviceState.REGISTERED)
    for device in known:
        expect(tenant, serial=device.serial, alias=f"For {device.serial}")
    expect(tenant, serial="NOBODY", alias="Waits")

    with CaptureQueriesContext(connection) as queries:
        assert apply_registrations(tenant, [device.pk for device in known]) == 3

    assert len(queries) <= 10
    for device in known:
        device.refresh_from_db()
        assert device.alias == f"For {device.serial}"


@pytest.mark.parametrize("state", [DeviceState.ACTIVE, DeviceState.ONBOARDING_IN_PROGRESS, DeviceState.DISABLED])
def test_enrolled_and_removed_devices_stay_as_they_are(tenant: Tenant, state: DeviceState) -> None:
    device = DeviceFactory(tenant=tenant, serial="S-1", state=state)
    registration = expect(tenant, serial="S-1", alias="Till 4")

    assert apply_registrations(tenant, [device.pk]) == 0

    registration.refresh_from_db()
    assert registration.applied_at is None


def test_a_device_of_another_tenant_is_not_touched(tenant: Tenant, other_tenant: Tenant) -> None:
    foreign = DeviceFactory(tenant=other_tenant, serial="S-1", state=DeviceState.REGISTERED)
    expect(tenant, serial="S-1", alias="Till 4")

    assert apply_registrations(tenant, [foreign.pk]) == 0
