"""The blueprint on the pages of devices and groups."""

from commands.models import CommandRequest, Converge
from devices.models import DeviceGroup
from tenants.models import Role, Tenant
from tests.commands.test_admin_drift import CAMERA, drifted
from tests.factories.blueprints import BlueprintFactory
from tests.factories.console import member
from tests.factories.devices import DeviceFactory, DeviceGroupFactory

DEVICES = "/admin/devices/device/"


def test_a_device_tells_its_blueprint_and_what_differs(tenant: Tenant) -> None:
    device = drifted(BlueprintFactory(tenant, name="Tills"), CAMERA)

    content = member(tenant, Role.VIEWER).get(f"{DEVICES}{device.pk}/change/").content.decode()

    for words in ("Tills", "its own", "differing", "Camera: allow camera access"):
        assert words in content
    assert f"{device.pk}/converge/" not in content


def test_a_device_tells_the_group_that_its_blueprint_comes_from(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant, name="Tills")
    group = DeviceGroupFactory(tenant=tenant, name="Shops", blueprint=blueprint, effective_blueprint=blueprint)
    device = DeviceFactory(tenant=tenant, group=group)

    content = member(tenant).get(f"{DEVICES}{device.pk}/change/").content.decode()

    assert "of the group Shops" in content
    assert "never compared" in content


def test_assigns_a_blueprint_to_a_device_and_takes_it_away(tenant: Tenant, other_tenant: Tenant) -> None:
    blueprint, other = BlueprintFactory(tenant), BlueprintFactory(other_tenant, name="Theirs")
    device = DeviceFactory(tenant=tenant)
    client, url = member(tenant), f"{DEVICES}{device.pk}/blueprint/"

    shown = client.get(url).content.decode()
    client.post(url, {"blueprint": str(other.pk)})
    device.refresh_from_db()
    refused = device.assigned_blueprint
    client.post(url, {"blueprint": str(blueprint.pk)})
    device.refresh_from_db()
    assigned = device.assigned_blueprint
    client.post(url, {"blueprint": ""})
    device.refresh_from_db()

    assert "Theirs" not in shown
    assert (refused, assigned, device.assigned_blueprint) == (None, blueprint, None)


def test_converges_a_device(tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant, assigned_blueprint=BlueprintFactory(tenant))
    client, url = member(tenant), f"{DEVICES}{device.pk}/converge/"

    assert client.get(url).status_code == 200
    assert not Converge.objects.exists()
    answer = client.post(url, {"reapply": "on"}, follow=True)

    converge = Converge.objects.get()
    assert answer.redirect_chain[0][0] == f"/admin/commands/converge/{converge.pk}/change/"
    assert (converge.device, converge.reapply, converge.converge_with_provision_option) == (device, True, False)


def test_says_why_a_device_does_not_converge(tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant)

    answer = member(tenant).post(f"{DEVICES}{device.pk}/converge/", follow=True)

    assert "The device has no blueprint" in answer.content.decode()
    assert not Converge.objects.exists()


def test_viewers_and_strangers_do_nothing_with_a_devices_blueprint(tenant: Tenant, other_tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant, assigned_blueprint=BlueprintFactory(tenant))

    for client in (member(tenant, Role.VIEWER), member(other_tenant, Role.ADMIN)):
        for page in ("blueprint", "converge"):
            assert client.get(f"{DEVICES}{device.pk}/{page}/").status_code == 404
            assert client.post(f"{DEVICES}{device.pk}/{page}/").status_code == 404

    device.refresh_from_db()
    assert device.assigned_blueprint is not None
    assert not Converge.objects.exists()


def test_a_group_has_a_blueprint_or_inherits_one(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant, name="Tills")
    client = member(tenant)

    client.post("/admin/devices/devicegroup/add/", {"tenant": tenant.pk, "name": "Shops", "blueprint": blueprint.pk})
    shops = DeviceGroup.objects.get(name="Shops")
    client.post("/admin/devices/devicegroup/add/", {"tenant": tenant.pk, "name": "Vienna", "parent": shops.pk})
    vienna = DeviceGroup.objects.get(name="Vienna")
    content = client.get(f"/admin/devices/devicegroup/{vienna.pk}/change/").content.decode()

    assert (shops.blueprint, vienna.blueprint, vienna.effective_blueprint) == (blueprint, None, blueprint)
    assert "inherited" in content


def test_a_group_does_not_get_a_blueprint_of_another_tenant(tenant: Tenant, other_tenant: Tenant) -> None:
    group, other = DeviceGroupFactory(tenant=tenant), BlueprintFactory(other_tenant)

    member(tenant).post(
        f"/admin/devices/devicegroup/{group.pk}/change/", {"name": group.name, "blueprint": str(other.pk)}
    )

    group.refresh_from_db()
    assert group.blueprint is None


def test_checks_a_device_now_and_asks_it_what_it_has(tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant, assigned_blueprint=BlueprintFactory(tenant))
    client, url = member(tenant), f"{DEVICES}{device.pk}/check/"

    client.get(url)
    asked_by_a_link = CommandRequest.objects.count()
    answer = client.post(url, follow=True)

    assert asked_by_a_link == 0
    assert "it is compared as soon as it has answered" in answer.content.decode()
    assert CommandRequest.objects.get().command == "DEVICE_INFORMATION"
    assert member(tenant, Role.VIEWER).post(url).status_code == 404


def test_a_device_that_is_moved_into_a_group_converges(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)
    group = DeviceGroupFactory(tenant=tenant, name="Shops", blueprint=blueprint, effective_blueprint=blueprint)
    device = DeviceFactory(tenant=tenant)

    answer = member(tenant).post(
        f"{DEVICES}{device.pk}/change/", {"alias": "Till", "group": str(group.pk)}, follow=True
    )

    device.refresh_from_db()
    assert (device.group, device.alias) == (group, "Till")
    assert Converge.objects.get().cause == Converge.Cause.MOVE
    assert "converges to the blueprint of Shops" in answer.content.decode()
