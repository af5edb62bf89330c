"""Licences, assignments and locations in the console."""

import pytest
from django.utils import timezone

from apps_domain.models import VppAssignment, VppLocation
from apps_domain.models.licences import UNLIMITED
from tenants.models import AuditEvent, Role, Tenant
from tests.factories.apps import StoreAppFactory
from tests.factories.console import member
from tests.factories.devices import DeviceFactory
from tests.factories.licences import AssignmentFactory, LicenceFactory, LocationFactory

pytestmark = pytest.mark.django_db
APP = "9990000001"
BASE = "/admin/apps_domain"


@pytest.fixture
def location(tenant: Tenant, other_tenant: Tenant) -> VppLocation:
    theirs = LocationFactory(other_tenant, name="Their location")
    AssignmentFactory(LicenceFactory(theirs, "555000555", total=77), "THEIRS")
    return LocationFactory(tenant, name="Head office", country="us")


def page(tenant: Tenant, path: str, role: Role = Role.VIEWER) -> str:
    answer = member(tenant, role).get(f"{BASE}/{path}")
    assert answer.status_code == 200, answer.headers
    return str(answer.content.decode())


def test_licences_with_their_stock(tenant: Tenant, location: VppLocation) -> None:
    StoreAppFactory(tenant, apple_app_id=APP, name="Field Notes")
    licence = LicenceFactory(location, APP, total=40, assigned_count=10, available_count=30)
    LicenceFactory(location, "2", total=UNLIMITED, assigned_count=3)
    LicenceFactory(location, "3", total=2, assigned_count=2, available_count=0)

    text = page(tenant, "vpplicence/")

    for told in ("Field Notes", "10 of 40 in use, 30 free", "width: 25.0%", "3 in use, no limit", "Head office"):
        assert told in text
    assert "555000555" not in text
    assert "Field Notes" not in page(tenant, "vpplicence/?stock=none")
    assert "Field Notes" in page(tenant, "vpplicence/?q=field")
    one = page(tenant, f"vpplicence/{licence.pk}/change/")
    assert "to devices; they can be taken back" in one
    assert f"vppassignment/?adam_id={APP}" in one


def test_assignments_lead_to_their_devices(tenant: Tenant, location: VppLocation) -> None:
    device = DeviceFactory(tenant=tenant, serial="A1", name="Front desk")
    licence = LicenceFactory(location, APP)
    AssignmentFactory(licence, "A1")
    AssignmentFactory(licence, "B2", VppAssignment.State.FAILED, reason="No licence available: because.")
    AssignmentFactory(licence, "", client_user_id="someone")

    text = page(tenant, "vppassignment/")

    for told in ("Front desk", str(device.pk), "no device of this server", "because.", "someone", "failed"):
        assert told in text
    assert "THEIRS" not in text
    assert "Front desk" not in page(tenant, "vppassignment/?state__exact=failed")
    row = VppAssignment.objects.get(serial="B2")
    assert "because." in page(tenant, f"vppassignment/{row.pk}/change/")


def test_the_device_of_another_tenant_is_not_named(tenant: Tenant, other_tenant: Tenant, location: VppLocation) -> None:
    DeviceFactory(tenant=other_tenant, serial="A1", name="Their phone")
    AssignmentFactory(LicenceFactory(location, APP), "A1")

    assert "Their phone" not in page(tenant, "vppassignment/")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "in order"),
        ({"synced_at": None}, "not read yet"),
        ({"needs_token": True, "problem": "Expired."}, "needs a new token"),
        ({"problem": "Another server has it."}, "stopped"),
        ({"trouble": "Apple answered 503."}, "Apple does not answer"),
        ({"sync_claimed_at": timezone.now()}, "being read"),
    ],
)
def test_how_a_location_is(fields: dict[str, object], told: str, tenant: Tenant, location: VppLocation) -> None:
    VppLocation.objects.filter(pk=location.pk).update(**fields)

    rows, text = page(tenant, "vpplocation/"), page(tenant, f"vpplocation/{location.pk}/change/")

    assert told in rows
    assert told in text
    assert "secret of" not in text
    assert "Their location" not in rows


def test_a_sync_is_asked_for(tenant: Tenant, location: VppLocation) -> None:
    path, operator = f"{BASE}/vpplocation/{location.pk}/sync_now/", member(tenant, Role.OPERATOR)

    assert "Sync now" in operator.get(path).content.decode()
    assert not AuditEvent.objects.exists()

    answer = operator.post(path, follow=True)

    assert "as soon as a worker is free" in answer.content.decode()
    location.refresh_from_db()
    assert location.sync_due_at is not None
    assert location.sync_due_at <= timezone.now()
    assert AuditEvent.objects.filter(action="vpp_location.sync_requested").exists()


def test_a_take_over_asks_first_and_is_for_admins(tenant: Tenant, location: VppLocation) -> None:
    VppLocation.objects.filter(pk=location.pk).update(problem="Another server has this location: X.")
    path = f"{BASE}/vpplocation/{location.pk}/take_over/"
    admin = member(tenant, Role.ADMIN)

    assert member(tenant, Role.OPERATOR).post(path).status_code == 404
    assert "Another server has this location: X." in admin.get(path).content.decode()
    location.refresh_from_db()
    assert not location.take_over

    admin.post(path)

    location.refresh_from_db()
    assert location.take_over
    assert AuditEvent.objects.filter(action="vpp_location.take_over_requested").exists()


def test_what_is_another_tenants_cannot_be_touched(tenant: Tenant, other_tenant: Tenant, location: VppLocation) -> None:
    theirs = VppLocation.objects.get(tenant=other_tenant)
    client = member(tenant, Role.ADMIN)

    for path in ("sync_now/", "take_over/"):
        assert client.post(f"{BASE}/vpplocation/{theirs.pk}/{path}").status_code == 404
    assert client.get(f"{BASE}/vpplocation/{theirs.pk}/change/").status_code == 302


def test_the_first_page_names_what_is_stopped(tenant: Tenant, location: VppLocation) -> None:
    VppLocation.objects.update(problem="The token has expired.", problem_at=timezone.now())

    text = member(tenant).get("/admin/").content.decode()

    assert "licences of Head office: The token has expired." in text
    assert "Their location" not in text
