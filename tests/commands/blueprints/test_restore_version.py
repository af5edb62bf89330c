"""The settings of an earlier version as another one."""

import pytest

from commands.blueprints.secrets import open_settings
from commands.services.blueprints import create_blueprint, restore_version, update_blueprint
from config.api.errors import BadRequest, NotFound
from devices.models import Blueprint
from tenants.actors import SYSTEM
from tenants.models import Tenant
from tests.factories.blueprints import BlueprintFactory
from tests.factories.builds import AppVersionFactory
from tests.factories.settings import IOS


def restore(blueprint: Blueprint, version: object, *, publish: bool = False) -> Blueprint:
    return restore_version(
        tenant=blueprint.tenant, actor=SYSTEM, blueprint_id=blueprint.pk, version_id=str(version), publish=publish
    )


def test_an_earlier_version_comes_back_with_its_secrets(tenant: Tenant) -> None:
    blueprint = create_blueprint(tenant=tenant, actor=SYSTEM, name="A", settings={"ios": IOS})
    first = blueprint.latest_version
    assert first is not None
    update_blueprint(tenant=tenant, actor=SYSTEM, blueprint_id=blueprint.pk, name="B", settings={}, publish=True)

    latest = restore(blueprint, first.pk).latest_version

    assert latest is not None
    assert open_settings(latest) == {"ios": IOS}
    assert (latest.name, latest.number, latest.comments) == ("B", "1.1", "Settings of version 0.1")


def test_it_may_be_published_at_once(tenant: Tenant) -> None:
    blueprint = create_blueprint(tenant=tenant, actor=SYSTEM, name="A", publish=True)
    first = blueprint.latest_version_id
    update_blueprint(tenant=tenant, actor=SYSTEM, blueprint_id=blueprint.pk, settings={"ios": IOS}, publish=True)

    restored = restore(blueprint, first, publish=True)

    assert restored.published_version is not None
    assert (restored.published_version.number, restored.published_version.settings) == ("3.0", {})


def test_what_has_gone_since_is_named(tenant: Tenant) -> None:
    version = AppVersionFactory(tenant)
    entry = {"app_id": str(version.app_id), "app_version_id": str(version.pk), "app_type": "TENANT_IOS"}
    blueprint = create_blueprint(tenant=tenant, actor=SYSTEM, name="A", settings={"ios": {"apps": [entry]}})
    first = blueprint.latest_version_id
    update_blueprint(tenant=tenant, actor=SYSTEM, blueprint_id=blueprint.pk, settings={})
    version.delete()

    with pytest.raises(BadRequest, match=r"settings\.ios\.apps\[0\]\.app_version_id"):
        restore(blueprint, first)

    assert blueprint.versions.count() == 2


def test_foreign_versions_are_not_found(tenant: Tenant, other_tenant: Tenant) -> None:
    blueprint, foreign = BlueprintFactory(tenant), BlueprintFactory(other_tenant)

    with pytest.raises(NotFound):
        restore(blueprint, foreign.latest_version_id)
