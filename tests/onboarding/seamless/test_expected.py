"""What devices are still expected to get, when it is to be deleted."""

from django.utils import timezone

from devices.models import Blueprint
from devices.services.groups import delete_group
from onboarding.models import SeamlessRegistration
from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories.blueprints import BlueprintFactory
from tests.factories.devices import DeviceFactory, DeviceGroupFactory
from tests.factories.seamless import expect
from tests.factories.tenants import ACTOR


def test_a_blueprint_that_devices_are_to_get_is_not_deleted(api: ApiClient, tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)
    expect(tenant, serial="A1", blueprint=blueprint)

    response = api.delete(f"/api/v2/blueprints/{blueprint.pk}/")

    assert response.status_code == 400
    assert "1 expected device" in response.json()["message"]
    assert Blueprint.objects.filter(pk=blueprint.pk).exists()


def test_one_that_all_of_them_have_got_is(api: ApiClient, tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)
    device = DeviceFactory(tenant=tenant, serial="A1")
    registration = expect(tenant, serial="A1", blueprint=blueprint, device=device, applied_at=timezone.now())

    assert api.delete(f"/api/v2/blueprints/{blueprint.pk}/").status_code == 204

    registration.refresh_from_db()
    assert registration.blueprint is None


def test_who_was_to_have_a_groups_blueprint_keeps_it_when_the_group_goes(tenant: Tenant) -> None:
    blueprint, own = BlueprintFactory(tenant), BlueprintFactory(tenant, name="Own")
    group = DeviceGroupFactory(tenant=tenant, blueprint=blueprint)
    expect(tenant, serial="A1", group=group, alias="Inherits")
    expect(tenant, serial="A2", group=group, blueprint=own, alias="Has its own")

    delete_group(group=group, actor=ACTOR)

    found = {row.alias: (row.group, row.blueprint) for row in SeamlessRegistration.objects.all()}
    assert found == {"Inherits": (None, blueprint), "Has its own": (None, own)}
