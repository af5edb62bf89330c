"""Calls of the routes of blueprints, and what their answers say."""

from typing import Any

from django.db.models import QuerySet

from devices.models import Blueprint
from tenants.models import AuditEvent

BLUEPRINTS = "/api/v2/blueprints/"
UNKNOWN = "742e0767-3a80-48e0-a718-e86f5ad0cab9"
CAMERA = {"camera_settings": {"apply_policy": "ALWAYS APPLY", "allow_camera_access": False}}
OFFICE = {"ssid": "Office", "password": "the-wifi-password"}


def path_of(blueprint: Blueprint | dict[str, Any], rest: str = "") -> str:
    return f"{BLUEPRINTS}{blueprint['id'] if isinstance(blueprint, dict) else blueprint.pk}/{rest}"


def content(response: Any, status: int = 200) -> Any:
    assert response.status_code == status, response.json()
    return response.json()["content"]


def numbers(response: Any) -> list[str]:
    told = content(response)["results"]
    return [f"{row['name']} {row['version_number']}.{row['minor_version_number']}" for row in told]


def names(response: Any) -> list[str]:
    return [row["name"] for row in content(response)["results"]]


def events() -> QuerySet[AuditEvent]:
    return AuditEvent.objects.filter(action__startswith="blueprint.").order_by("at", "id")
