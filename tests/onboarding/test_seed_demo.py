"""The demo's tenant: what its devices enrol into, and that a second seed leaves it as it is."""

import json
from pathlib import Path

import pytest
from django.core.management import call_command

from devices.models import Blueprint, DeviceGroup
from onboarding.models import EnrolmentProfile
from onboarding.simulation.certificates import StandInRoot
from tenants.models import Tenant

pytestmark = pytest.mark.django_db


@pytest.fixture
def out(tmp_path: Path) -> Path:
    StandInRoot(tmp_path / "standins")
    return tmp_path / "demo.json"


def seed(out: Path) -> dict[str, str]:
    call_command("seed_demo", standins=out.parent / "standins", out=out)
    facts: dict[str, str] = json.loads(out.read_text())
    return facts


def test_its_devices_enrol_into_a_group_with_a_published_blueprint(out: Path, other_tenant: Tenant) -> None:
    facts = seed(out)

    link = EnrolmentProfile.objects.get()
    assert str(link.tenant_id) == facts["tenant_id"]
    assert link.group is not None
    assert link.group.effective_blueprint is not None
    assert link.group.effective_blueprint.published_version is not None
    assert not Blueprint.objects.filter(tenant=other_tenant).exists()


def test_seeding_twice_is_as_once(out: Path) -> None:
    first, second = seed(out), seed(out)

    assert second == first
    assert [model.objects.count() for model in (Blueprint, DeviceGroup, EnrolmentProfile)] == [1, 1, 1]
