"""Device groups in the console."""

from devices.models import Device, DeviceGroup
from tenants.models import AuditEvent, Role, Tenant
from tests.factories.console import member, superuser
from tests.factories.devices import DeviceFactory, DeviceGroupFactory

GROUPS = "/admin/devices/devicegroup/"


def test_an_operator_makes_a_group_below_another(tenant: Tenant) -> None:
    parent = DeviceGroupFactory(tenant=tenant)

    member(tenant).post(f"{GROUPS}add/", {"tenant": str(tenant.pk), "name": "Tills", "parent": str(parent.pk)})

    group = DeviceGroup.objects.get(name="Tills")
    assert (group.parent, group.tenant) == (parent, tenant)
    assert AuditEvent.objects.get().action == "device_group.created"


def test_a_viewer_makes_none(tenant: Tenant) -> None:
    assert member(tenant, Role.VIEWER).post(f"{GROUPS}add/", {"name": "Tills"}).status_code == 403


def test_a_group_cannot_be_below_another_tenants(tenant: Tenant, other_tenant: Tenant) -> None:
    foreign = DeviceGroupFactory(tenant=other_tenant)
    form = {"tenant": str(tenant.pk), "name": "Tills", "parent": str(foreign.pk)}

    assert "not one of the available choices" in member(tenant).post(f"{GROUPS}add/", form).content.decode()
    assert "belongs to another tenant" in superuser().post(f"{GROUPS}add/", form).content.decode()
    assert not DeviceGroup.objects.filter(name="Tills").exists()


def test_a_group_cannot_be_moved_below_itself(tenant: Tenant) -> None:
    top = DeviceGroupFactory(tenant=tenant, name="Top")
    below = DeviceGroupFactory(tenant=tenant, name="Below", parent=top)

    form = {"name": "Top", "parent": str(below.pk)}
    answer = member(tenant).post(f"{GROUPS}{top.pk}/change/", form, follow=True)

    assert "cannot be its parent" in answer.content.decode()
    assert DeviceGroup.objects.get(pk=top.pk).parent is None


def test_the_same_name_twice_under_one_parent_is_refused(tenant: Tenant) -> None:
    DeviceGroupFactory(tenant=tenant, name="Tills")

    answer = member(tenant).post(f"{GROUPS}add/", {"tenant": str(tenant.pk), "name": "Tills", "parent": ""})

    assert answer.status_code == 200
    assert DeviceGroup.objects.count() == 1


def test_deleting_a_group_leaves_its_devices(tenant: Tenant) -> None:
    group = DeviceGroupFactory(tenant=tenant)
    device = DeviceFactory(tenant=tenant, group=group)

    member(tenant).post(f"{GROUPS}{group.pk}/delete_this/")

    assert Device.objects.get(pk=device.pk).group is None
    assert AuditEvent.objects.get().action == "device_group.deleted"


def test_a_group_with_subgroups_is_not_deleted(tenant: Tenant) -> None:
    group = DeviceGroupFactory(tenant=tenant)
    DeviceGroupFactory(tenant=tenant, parent=group)

    answer = member(tenant).post(f"{GROUPS}{group.pk}/delete_this/", follow=True)

    assert "has subgroups" in answer.content.decode()
    assert DeviceGroup.objects.count() == 2
    assert not AuditEvent.objects.exists()
