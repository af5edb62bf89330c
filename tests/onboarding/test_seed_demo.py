"""The demo's tenant: what its devices enrol into, and that a second seed leaves it as it is."""

import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from devices.models import Blueprint, DeviceGroup
from onboarding.models import DepProfile, DepSync, EnrolmentProfile
from onboarding.simulation.certificates import StandInRoot
from onboarding.simulation.dep import DepStandIn
from onboarding.simulation.dep.demo import demo_server
from tenants.models import DepToken, Tenant
from tenants.services.dep_tokens import server_key_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def out(tmp_path: Path) -> Path:
    StandInRoot(tmp_path / "standins")
    return tmp_path / "demo.json"


def seed(out: Path, **options: str) -> dict[str, str]:
    call_command("seed_demo", standins=out.parent / "standins", out=out, **options)
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


def test_takes_part_in_device_assignment_as_an_operator_does(out: Path, dep: DepStandIn) -> None:
    server = demo_server(dep)

    seed(out, dep_url=dep.url)
    seed(out, dep_url=dep.url)

    [token] = DepToken.objects.all()
    assert (token.state, token.server_key) == ("COMPLETED", server_key_of(server.consumer_key))
    assert token.access_token == server.credentials.access_token.encode()
    assert DepSync.objects.get().status == DepSync.Status.QUEUED
    [profile] = DepProfile.objects.all()
    assert (profile.group, profile.is_default) == (DeviceGroup.objects.get(), True)


def test_a_stand_in_that_does_not_answer_is_one_sentence(out: Path, dep: DepStandIn) -> None:
    dep.stop()

    with pytest.raises(CommandError, match="The stand-in of device assignment gives no token"):
        seed(out, dep_url=dep.url)
    assert not DepToken.objects.filter(state="COMPLETED").exists()
