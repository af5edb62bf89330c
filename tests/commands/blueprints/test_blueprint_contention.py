"""Several writers of one blueprint at once."""

import contextlib
import threading

import pytest
from django.db import transaction

from apps_domain.models import TenantAppVersion
from apps_domain.services.tenant_apps import delete_tenant_app_version
from commands.models import Converge
from commands.services.blueprints import create_blueprint, delete_blueprint, update_blueprint
from commands.services.converges.ending import Ending, end_converges
from config.api.errors import BadRequest, NotFound
from devices.models import Blueprint, BlueprintImage, Device, DeviceGroup
from devices.services.groups import create_group, update_group
from tenants.actors import SYSTEM
from tests.factories.blueprints import BlueprintFactory
from tests.factories.builds import AppVersionFactory
from tests.factories.converges import ConvergeFactory
from tests.factories.devices import DeviceFactory, DeviceGroupFactory
from tests.factories.settings import PNG
from tests.factories.tenants import TenantFactory
from tests.factories.threads import all_at_once
from tests.factories.waiting import until, waiting_for_locks

pytestmark = pytest.mark.django_db(transaction=True)


def test_each_of_two_updates_makes_a_version_of_its_own() -> None:
    tenant = TenantFactory()
    blueprint = create_blueprint(tenant=tenant, actor=SYSTEM, name="A")

    def describe(number: int, publish: bool) -> None:
        update_blueprint(
            tenant=tenant, actor=SYSTEM, blueprint_id=blueprint.pk, description=str(number), publish=publish
        )

    all_at_once(*(lambda number=number: describe(number, number % 2 == 0) for number in range(6)))

    versions = list(blueprint.versions.all())
    assert len(versions) == 7
    assert versions[0] == Blueprint.objects.get().latest_version
    assert versions[0].version_number == 3
    assert {version.description for version in versions} == {"", *"012345"}


def test_one_of_two_creators_gets_the_name() -> None:
    tenant = TenantFactory()
    refused: list[BadRequest] = []

    def create() -> None:
        try:
            create_blueprint(tenant=tenant, actor=SYSTEM, name="Kiosk")
        except BadRequest as error:
            refused.append(error)

    all_at_once(create, create, create)

    assert [error.message for error in refused] == ["name: another blueprint of this tenant is called Kiosk."] * 2
    assert Blueprint.objects.count() == 1


def test_a_picture_that_comes_several_times_at_once_is_stored_once() -> None:
    tenant = TenantFactory()
    clip = {"label": "Menu", "url": "https://example.org", "icon": PNG}

    def create(name: str) -> None:
        create_blueprint(tenant=tenant, actor=SYSTEM, name=name, settings={"ios": {"web_clips": [clip]}})

    all_at_once(*(lambda name=name: create(name) for name in "abcd"))

    image = BlueprintImage.objects.get()
    shown = {row.settings["ios"]["web_clips"][0]["icon_id"] for row in Blueprint.objects.get(name="a").versions.all()}
    assert shown == {str(image.pk)}


def test_deleting_and_saving_at_once_leaves_all_or_nothing() -> None:
    tenant = TenantFactory()
    blueprint = BlueprintFactory(tenant)

    def save() -> None:
        with contextlib.suppress(NotFound):
            update_blueprint(tenant=tenant, actor=SYSTEM, blueprint_id=blueprint.pk, description="x")

    all_at_once(save, lambda: delete_blueprint(tenant=tenant, actor=SYSTEM, blueprint_id=blueprint.pk))

    assert not Blueprint.objects.exists()


def test_a_blueprint_is_deleted_while_a_device_gets_to_it() -> None:
    tenant = TenantFactory()
    converge = ConvergeFactory(DeviceFactory(tenant=tenant), status=Converge.Status.IN_PROGRESS)
    blueprint, device = converge.blueprint, converge.device
    assert blueprint is not None
    Device.objects.update(assigned_blueprint=None)
    held = threading.Event()

    def end() -> None:
        with transaction.atomic():
            rows = list(Converge.objects.select_for_update(of=("self",), no_key=True))
            held.set()
            until(lambda: waiting_for_locks() == 1)
            end_converges([Ending(row, Converge.Status.SUCCESS) for row in rows])

    def delete() -> None:
        held.wait()
        delete_blueprint(tenant=tenant, actor=SYSTEM, blueprint_id=blueprint.pk)

    all_at_once(end, delete)

    device.refresh_from_db()
    converge.refresh_from_db()
    assert not Blueprint.objects.exists()
    assert (device.current_blueprint, device.current_blueprint_version) == (None, None)
    assert (converge.status, converge.blueprint) == (Converge.Status.SUCCESS, None)


@pytest.mark.parametrize("time", range(4))
def test_a_blueprint_is_either_deleted_or_given_to_groups(time: int) -> None:
    tenant = TenantFactory()
    blueprint, group = BlueprintFactory(tenant), DeviceGroupFactory(tenant=tenant, name="Old")

    def give() -> None:
        with contextlib.suppress(BadRequest):
            update_group(group=group, name="Old", parent=None, blueprint=blueprint, actor=SYSTEM)

    def create() -> None:
        with contextlib.suppress(BadRequest):
            create_group(tenant=tenant, name="New", blueprint=blueprint, actor=SYSTEM)

    def delete() -> None:
        with contextlib.suppress(BadRequest):
            delete_blueprint(tenant=tenant, actor=SYSTEM, blueprint_id=blueprint.pk)

    all_at_once(give, create, delete)

    given = DeviceGroup.objects.filter(blueprint=blueprint, effective_blueprint=blueprint)
    assert given.count() == (2 if Blueprint.objects.exists() else 0)


def test_a_version_of_an_app_is_either_named_or_deleted() -> None:
    tenant = TenantFactory()
    version = AppVersionFactory(tenant)
    entry = {"app_id": str(version.app_id), "app_version_id": str(version.pk), "app_type": "TENANT_IOS"}

    def name() -> None:
        with contextlib.suppress(BadRequest):
            create_blueprint(tenant=tenant, actor=SYSTEM, name="A", settings={"ios": {"apps": [entry]}})

    def delete() -> None:
        with contextlib.suppress(BadRequest):
            delete_tenant_app_version(
                tenant=tenant, app_id=str(version.app_id), version_id=str(version.pk), actor=SYSTEM
            )

    all_at_once(name, delete)

    assert Blueprint.objects.exists() is TenantAppVersion.objects.exists()
