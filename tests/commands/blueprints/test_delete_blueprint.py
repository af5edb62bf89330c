"""DELETE /api/v2/blueprints/{blueprint_id}/, and what blueprints keep from being deleted."""

from devices.models import Blueprint, BlueprintVersion
from tenants.models import Tenant
from tests.commands.blueprints.calls import BLUEPRINTS, content, events, path_of
from tests.conftest import ApiClient
from tests.factories.blueprints import BlueprintFactory, add_version
from tests.factories.builds import AppVersionFactory
from tests.factories.devices import DeviceFactory, DeviceGroupFactory


def test_deletes_a_blueprint_with_its_versions(api: ApiClient, tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)
    add_version(blueprint)

    response = api.delete(path_of(blueprint))

    assert (response.status_code, response.content) == (204, b"")
    assert not BlueprintVersion.objects.exists()
    assert events().get().details == {"name": "Kiosk"}
    assert api.delete(path_of(blueprint)).status_code == 404


def test_what_is_assigned_is_not_deleted(api: ApiClient, tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)
    DeviceFactory(tenant=tenant, assigned_blueprint=blueprint)
    DeviceFactory(tenant=tenant, assigned_blueprint=blueprint)
    DeviceGroupFactory(tenant=tenant, blueprint=blueprint)

    response = api.delete(path_of(blueprint))

    assert content(response, 400) == {"devices": 2, "groups": 1}
    told = "The blueprint Kiosk is assigned to 2 devices and 1 group. Take it off there first."
    assert response.json()["message"] == told
    assert Blueprint.objects.filter(pk=blueprint.pk).exists()
    assert not events().exists()


def test_what_devices_have_had_is_deleted(api: ApiClient, tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)
    device = DeviceFactory(
        tenant=tenant, current_blueprint=blueprint, current_blueprint_version=blueprint.published_version
    )

    assert api.delete(path_of(blueprint)).status_code == 204

    device.refresh_from_db()
    assert device.current_blueprint_version_id is None


def test_a_version_of_an_app_in_use_is_not_deleted(api: ApiClient, tenant: Tenant) -> None:
    version = AppVersionFactory(tenant)
    entry = {"app_id": str(version.app_id), "app_version_id": str(version.pk), "app_type": "TENANT_IOS"}
    made = content(api.post(BLUEPRINTS, {"name": "Kiosk", "settings": {"ios": {"apps": [entry]}}}), 201)
    path = f"/api/v2/tenant-apps/{version.app_id}/versions/{version.pk}"

    refused = api.delete(path)
    api.put(path_of(made), {"settings": {}, "publish": True})
    deleted = api.delete(path)

    assert content(refused, 400) == {"uses": ['blueprint "Kiosk"']}
    assert deleted.status_code == 200


def test_a_version_of_an_app_that_a_device_has_by_a_blueprint_is_in_use(api: ApiClient, tenant: Tenant) -> None:
    version = AppVersionFactory(tenant)
    blueprint = BlueprintFactory(
        tenant, ios={"apps": [{"app_id": str(version.app_id), "app_version_id": str(version.pk)}]}
    )
    DeviceFactory(tenant=tenant, current_blueprint_version=blueprint.published_version)
    add_version(blueprint)

    response = api.delete(f"/api/v2/tenant-apps/{version.app_id}/versions/{version.pk}")

    assert content(response, 400) == {"uses": ['blueprint "Kiosk"']}
