"""What a device lists, and which apps of ours that makes."""

import uuid
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries as Queries

from apps_domain.models import AppType, DeviceApp, TenantApp, VppAssignment
from apps_domain.services.device_app_lists import reconcile_device_apps
from devices.models import Device, InstalledApp
from tenants.models import Tenant
from tests.factories.apps import StoreAppFactory, licensed
from tests.factories.devices import DeviceFactory
from tests.factories.licences import AssignmentFactory
from tests.factories.tenant_apps import TenantAppFactory, TenantAppVersionFactory
from tests.factories.vendor_apps import VendorAppFactory, VendorAppVersionFactory

pytestmark = pytest.mark.django_db

BUNDLE = "org.example.till"
CONFIG = b"<plist/>"


@pytest.fixture
def device(tenant: Tenant) -> Device:
    return DeviceFactory(tenant=tenant)


def lists(
    device: Device, bundle: str = BUNDLE, version: str = "1.0", build: str = "5", *, managed: bool = True
) -> None:
    """The device has told of this app."""
    told = {"short_version": version, "version": build, "is_managed": managed, "name": "Till"}
    InstalledApp.objects.update_or_create(device=device, identifier=bundle, defaults=told)


def on(device: Device) -> dict[str, tuple[Any, ...]]:
    rows = DeviceApp.objects.filter(device=device, tenant=device.tenant)
    return {row.bundle_id: (row.app_type, row.app_id, row.app_version_id, row.version) for row in rows}


def own(tenant: Tenant, **fields: Any) -> TenantApp:
    return TenantAppFactory(tenant, **{"package_name": BUNDLE, **fields})


def test_an_app_of_the_tenant_is_known_by_its_version_and_build(device: Device, tenant: Tenant) -> None:
    app = own(tenant)
    TenantAppVersionFactory(app, version_name="1.0", build_number="4")
    version = TenantAppVersionFactory(app, version_name="1.0", build_number="5")
    lists(device)

    reconcile_device_apps(device.pk)

    assert on(device) == {BUNDLE: ("TENANT_IOS", app.pk, version.pk, "1.0")}


def test_a_version_that_is_not_known_here(device: Device, tenant: Tenant) -> None:
    app = own(tenant)
    TenantAppVersionFactory(app, version_name="1.0", build_number="4")
    lists(device, version="", build="77")

    reconcile_device_apps(device.pk)

    assert on(device) == {BUNDLE: ("TENANT_IOS", app.pk, None, "77")}


def test_a_vendor_app_counts_where_it_is_released(device: Device, tenant: Tenant, other_tenant: Tenant) -> None:
    app = VendorAppFactory(package_name=BUNDLE)
    foreign = VendorAppVersionFactory(app, other_tenant, build_number="5")
    theirs = DeviceFactory(tenant=other_tenant)
    lists(device)
    lists(theirs)

    for each in (device, theirs):
        reconcile_device_apps(each.pk)
    assert on(device) == {}
    assert on(theirs) == {BUNDLE: ("ESPER_IOS", app.pk, foreign.pk, "1.0")}

    VendorAppVersionFactory(app, None, build_number="6")
    reconcile_device_apps(device.pk)
    assert on(device) == {BUNDLE: ("ESPER_IOS", app.pk, None, "1.0")}  # that build is still not for this tenant


def test_android_apps_of_the_same_name_are_no_candidates(device: Device) -> None:
    VendorAppVersionFactory(VendorAppFactory(package_name=BUNDLE, platform="ANDROID"), None, build_number="5")
    lists(device)

    reconcile_device_apps(device.pk)

    assert on(device) == {}


def test_a_store_app_counts_with_a_licence(device: Device, tenant: Tenant) -> None:
    app = StoreAppFactory(tenant, bundle_id=BUNDLE, version="1.0")
    lists(device)

    reconcile_device_apps(device.pk)
    assert on(device) == {}

    licensed(app)
    reconcile_device_apps(device.pk)
    assert on(device) == {BUNDLE: ("VPP", app.pk, app.current_version_id, "1.0")}


def test_of_two_store_apps_that_which_is_assigned_to_the_device(device: Device, tenant: Tenant) -> None:
    for number in ("7", "8", "9"):
        app = StoreAppFactory(tenant, bundle_id=BUNDLE, apple_app_id=number)
        licence = licensed(app)
        if number == "8":
            AssignmentFactory(licence, device.serial)
            wanted = app
        else:
            AssignmentFactory(licence, device.serial, VppAssignment.State.FAILED)
    lists(device, version="1.0")

    reconcile_device_apps(device.pk)

    assert on(device) == {BUNDLE: ("VPP", wanted.pk, wanted.current_version_id, "1.0")}


def test_of_several_kinds_the_one_whose_version_is_known(device: Device, tenant: Tenant) -> None:
    first = own(tenant)
    published = VendorAppVersionFactory(VendorAppFactory(package_name=BUNDLE), tenant, build_number="5")
    licensed(StoreAppFactory(tenant, bundle_id=BUNDLE))
    lists(device)

    reconcile_device_apps(device.pk)
    assert on(device) == {BUNDLE: ("ESPER_IOS", published.app_id, published.pk, "1.0")}

    DeviceApp.objects.all().delete()
    version = TenantAppVersionFactory(first, build_number="5")
    reconcile_device_apps(device.pk)
    assert on(device) == {BUNDLE: ("TENANT_IOS", first.pk, version.pk, "1.0")}


def test_an_app_stays_what_it_was_installed_as_and_keeps_its_configuration(device: Device, tenant: Tenant) -> None:
    store = StoreAppFactory(tenant, bundle_id=BUNDLE, version="2.0")
    licensed(store)
    TenantAppVersionFactory(own(tenant), version_name="2.0", build_number="5")
    installed(device, AppType.VPP, store.pk, None, "1.0")
    lists(device, version="2.0")

    reconcile_device_apps(device.pk)

    assert on(device) == {BUNDLE: ("VPP", store.pk, store.current_version_id, "2.0")}
    assert DeviceApp.objects.get().app_config == CONFIG


def installed(device: Device, app_type: str, app_id: uuid.UUID, version_id: uuid.UUID | None, version: str) -> None:
    told = {"app_type": app_type, "app_id": app_id, "app_version_id": version_id, "version": version}
    DeviceApp.objects.create(device=device, tenant=device.tenant, bundle_id=BUNDLE, app_config=CONFIG, **told)


def test_an_app_whose_version_was_deleted_here_is_still_on_the_device(device: Device, tenant: Tenant) -> None:
    version = TenantAppVersionFactory(own(tenant), build_number="5")
    lists(device)
    reconcile_device_apps(device.pk)
    before = on(device)
    version_id = version.pk
    version.delete()

    reconcile_device_apps(device.pk)
    assert on(device) == before
    assert before[BUNDLE][2] == version_id

    lists(device, version="1.1", build="6")
    reconcile_device_apps(device.pk)
    assert on(device)[BUNDLE][2:] == (None, "1.1")


@pytest.mark.parametrize("left", ["unmanaged", "removed"])
def test_an_app_that_left_the_list_is_gone(device: Device, tenant: Tenant, left: str) -> None:
    own(tenant)
    lists(device)
    reconcile_device_apps(device.pk)
    if left == "removed":
        InstalledApp.objects.all().delete()
    else:
        lists(device, managed=False)

    reconcile_device_apps(device.pk)

    assert on(device) == {}


def test_what_the_user_installed_is_none_of_ours(device: Device, tenant: Tenant) -> None:
    own(tenant)
    lists(device, managed=False)

    reconcile_device_apps(device.pk)

    assert on(device) == {}


def test_apps_of_others_are_no_candidates(device: Device, other_tenant: Tenant) -> None:
    TenantAppVersionFactory(own(other_tenant), build_number="5")
    licensed(StoreAppFactory(other_tenant, bundle_id=BUNDLE))
    lists(device)

    reconcile_device_apps(device.pk)

    assert on(device) == {}


@pytest.mark.parametrize("count", [0, 1, 30])
def test_nothing_new_costs_two_statements(
    device: Device, tenant: Tenant, count: int, django_assert_num_queries: Queries
) -> None:
    for number in range(count):
        own(tenant, package_name=f"{BUNDLE}{number}")
        lists(device, f"{BUNDLE}{number}")
    reconcile_device_apps(device.pk)
    assert len(on(device)) == count

    with django_assert_num_queries(4):  # two of them the savepoint
        reconcile_device_apps(device.pk)
