"""Blueprints as they lie in the database."""

from typing import Any

import orjson

from commands.blueprints.secrets import split_settings
from devices.models import Blueprint, BlueprintVersion
from tenants.models import Tenant


def BlueprintFactory(
    tenant: Tenant, *, name: str = "Kiosk", ios: dict[str, Any] | None = None, publish: bool = True, **settings: Any
) -> Blueprint:
    """With one version, which is published unless told otherwise."""
    blueprint = Blueprint.objects.create(tenant=tenant, name=name)
    add_version(blueprint, ios=ios, publish=publish, **settings)
    return blueprint


def add_version(
    blueprint: Blueprint, *, ios: dict[str, Any] | None = None, publish: bool = True, **settings: Any
) -> BlueprintVersion:
    """The next version, with settings by platform."""
    latest = blueprint.latest_version
    major, minor = (latest.version_number, latest.minor_version_number) if latest else (0, 0)
    masked, secret = split_settings({"ios": ios or {}, **settings})
    version = BlueprintVersion.objects.create(
        tenant=blueprint.tenant,
        blueprint=blueprint,
        version_number=major + 1 if publish else major,
        minor_version_number=0 if publish else minor + 1,
        publish=publish,
        name=blueprint.name,
        settings=masked,
        secret_settings=orjson.dumps(secret) if secret else None,
    )
    blueprint.latest_version = version
    blueprint.published_version = version if publish else blueprint.published_version
    blueprint.save(update_fields=["latest_version", "published_version"])
    return version
