"""Plans for many devices at once: the same as one by one, in a number of queries that does not grow."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from commands.blueprints.planning import plan_many
from devices.models import Device
from tenants.models import Tenant
from tests.factories.blueprints import BlueprintFactory
from tests.factories.builds import AppVersionFactory
from tests.factories.devices import DeviceFactory
from tests.factories.plans import converged, plan_again, published

ALWAYS = {"apply_policy": "ALWAYS APPLY"}


@pytest.fixture
def settings_of_it(tenant: Tenant) -> dict[str, Any]:
    version = AppVersionFactory(tenant)
    return {
        "siri_settings": {**ALWAYS, "allow_siri": False},
        "device_name_settings": {**ALWAYS, "device_name": "{serial}"},
        "apps": [{"app_type": "TENANT_IOS", "app_id": str(version.app_id), "app_version_id": str(version.pk)}],
    }


def devices(tenant: Tenant, count: int) -> list[Device]:
    rows = [DeviceFactory(tenant=tenant, is_supervised=True).pk for _ in range(count)]
    return list(Device.objects.select_related("tenant").filter(pk__in=rows))


def test_each_device_has_the_plan_that_it_would_have_alone(
    tenant: Tenant, other_tenant: Tenant, settings_of_it: dict[str, Any]
) -> None:
    ours = published(BlueprintFactory(tenant, ios=settings_of_it))
    theirs = published(BlueprintFactory(other_tenant, ios={"nfc_settings": {**ALWAYS, "allow_nfc": False}}))
    done, fresh = devices(tenant, 2)
    [foreign] = devices(other_tenant, 1)
    converged(done, ours)
    done = Device.objects.select_related("tenant").get(pk=done.pk)

    plans = plan_many([(done, ours.pk), (fresh, ours.pk), (foreign, theirs.pk)], provision=False)

    assert plans[done.pk].steps == ()
    assert plans[fresh.pk] == plan_again(fresh, ours)
    assert plans[foreign.pk] == plan_again(foreign, theirs)
    assert [step.part for step in plans[foreign.pk].steps] == ["restrictions"]


def test_queries_do_not_grow_with_the_devices(tenant: Tenant, settings_of_it: dict[str, Any]) -> None:
    version = published(BlueprintFactory(tenant, ios=settings_of_it))
    few, many = devices(tenant, 2), devices(tenant, 20)
    plan_many([(few[0], version.pk)], provision=False)  # what is compiled is kept from here on
    counts = []
    for fleet in (few, many):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            plan_many([(device, version.pk) for device in fleet], provision=False)
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 6
