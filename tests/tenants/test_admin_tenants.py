"""Tenants, memberships, users and the audit log in the console."""

import pytest
from django.contrib.auth.models import User
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from tenants.models import AuditEvent, DeviceAuthority, Membership, Role, Tenant
from tests.factories.console import apns_certificate, member, superuser
from tests.factories.tenants import UserFactory

TENANTS = "/admin/tenants/tenant/"
MEMBERSHIPS = "/admin/tenants/membership/"


def test_a_superuser_creates_a_tenant_with_its_authority(db: None) -> None:
    answer = superuser().post(f"{TENANTS}add/", {"name": "New", "time_zone": "Europe/Vienna"})

    tenant = Tenant.objects.get()
    assert answer.status_code == 302
    assert (tenant.name, tenant.time_zone) == ("New", "Europe/Vienna")
    assert DeviceAuthority.objects.filter(tenant=tenant).exists()
    assert [event.action for event in AuditEvent.objects.filter(tenant_id=tenant.pk)] == ["tenant.created"]


@pytest.mark.parametrize("form", [{"name": "Ours", "time_zone": "UTC"}, {"name": "New", "time_zone": "Mars/Base"}])
def test_a_taken_name_or_an_unknown_zone_is_refused(tenant: Tenant, form: dict[str, str]) -> None:
    answer = superuser().post(f"{TENANTS}add/", form)

    assert answer.status_code == 200
    assert Tenant.objects.count() == 1


def test_members_create_no_tenants_but_admins_rename_theirs(tenant: Tenant) -> None:
    form = {"name": "Renamed", "time_zone": "UTC"}

    assert member(tenant, Role.ADMIN).post(f"{TENANTS}add/", form).status_code == 403
    assert member(tenant).post(f"{TENANTS}{tenant.pk}/change/", form).status_code == 403
    assert member(tenant, Role.ADMIN).post(f"{TENANTS}{tenant.pk}/change/", form).status_code == 302
    assert Tenant.objects.get().name == "Renamed"
    assert AuditEvent.objects.get(action="tenant.changed").details == {"name": "Renamed"}


def test_the_country_of_the_store_is_part_of_the_form(tenant: Tenant) -> None:
    client, page = member(tenant, Role.ADMIN), f"{TENANTS}{tenant.pk}/change/"
    form = {"name": "Ours", "time_zone": "UTC"}

    assert client.post(page, {**form, "store_country": "Jp"}).status_code == 302
    assert client.post(page, {**form, "store_country": "12"}).status_code == 200
    assert client.post(page, form).status_code == 302

    assert Tenant.objects.get().store_country == "jp"
    assert AuditEvent.objects.get(action="tenant.changed").details == {"store_country": "jp"}
    assert 'value="jp"' in client.get(page).content.decode()


def test_a_superuser_makes_changes_and_ends_memberships(tenant: Tenant) -> None:
    user, client = UserFactory(username="jo"), superuser()

    client.post(f"{MEMBERSHIPS}add/", {"user": user.pk, "tenant": str(tenant.pk), "role": "viewer"})
    row = Membership.objects.get()
    client.post(f"{MEMBERSHIPS}{row.pk}/change/", {"role": "admin"})
    row.refresh_from_db()
    assert (row.user, row.tenant, row.role) == (user, tenant, "admin")

    answer = client.post(MEMBERSHIPS, {"action": "remove", "_selected_action": [row.pk]}, follow=True)
    assert "1 removed." in answer.content.decode()
    assert not Membership.objects.exists()
    actions = AuditEvent.objects.order_by("id").values_list("action", flat=True)
    assert list(actions) == ["membership.set", "membership.set", "membership.removed"]


def test_a_tenants_admin_sees_its_members_and_hands_out_none(tenant: Tenant) -> None:
    client = member(tenant, Role.ADMIN)
    row = Membership.objects.get()

    assert client.get(MEMBERSHIPS).status_code == 200
    assert client.get(f"{MEMBERSHIPS}add/").status_code == 403
    assert client.post(f"{MEMBERSHIPS}{row.pk}/change/", {"role": "viewer"}).status_code == 403


def test_users_are_made_by_superusers_and_that_is_audited(db: None) -> None:
    form = {"username": "new", "is_staff": "on", "usable_password": "true"}
    form |= {"password1": "a long Phrase 7", "password2": "a long Phrase 7"}

    answer = superuser().post("/admin/auth/user/add/", form)

    assert answer.status_code == 302
    assert User.objects.get(username="new").is_staff
    event = AuditEvent.objects.get()
    assert (event.action, event.actor) == ("user.added", "root")
    assert "Phrase" not in str(event.details)


def test_changing_a_schedule_is_audited(db: None) -> None:
    every = IntervalSchedule.objects.create(every=10, period="seconds")
    task = PeriodicTask.objects.create(name="sweep", task="commands.sweep_requests", interval=every)
    form = {"name": "sweep", "task": task.task, "regtask": "", "interval": every.pk, "args": "[]", "kwargs": "{}"}

    answer = superuser().post(f"/admin/django_celery_beat/periodictask/{task.pk}/change/", {**form, "headers": "{}"})

    assert answer.status_code == 302
    assert PeriodicTask.objects.get().enabled is False
    assert AuditEvent.objects.get().action == "periodictask.changed"


def test_the_audit_log_is_read_only_even_for_superusers(tenant: Tenant) -> None:
    client = superuser()
    client.post(f"{TENANTS}{tenant.pk}/change/", {"name": "Renamed", "time_zone": "UTC"})
    event = AuditEvent.objects.get()
    page = f"/admin/tenants/auditevent/{event.pk}"

    assert client.get(f"{page}/change/").status_code == 200
    assert client.post(f"{page}/change/", {"actor": "nobody"}).status_code == 403
    assert client.post(f"{page}/delete/", {"post": "yes"}).status_code == 403
    assert client.get("/admin/tenants/auditevent/add/").status_code == 403


def test_the_audit_log_is_searched_and_filtered(tenant: Tenant, other_tenant: Tenant) -> None:
    client = superuser()
    for each in (tenant, other_tenant):
        client.post(f"{TENANTS}{each.pk}/change/", {"name": f"{each.name} anew", "time_zone": "UTC"})

    log = "/admin/tenants/auditevent/"
    found = [
        client.get(log, query).context["cl"].result_count
        for query in (
            {"q": "tenant."},
            {"q": str(tenant.pk)},
            {"tenant": str(tenant.pk)},
            {"tenant": "garbage"},
            {"object_type": "device"},
            {"actor_kind__exact": "console"},
        )
    ]
    assert found == [2, 1, 1, 2, 0, 2]


@pytest.mark.parametrize(
    ("days", "stopped", "words"),
    [(200, "", "in use"), (10, "", "expires soon"), (-1, "", "expired"), (200, "BadCertificate", "refused by Apple")],
)
def test_a_certificates_condition_is_told(tenant: Tenant, days: int, stopped: str, words: str) -> None:
    more = {"topic_stopped_at": "2026-01-01T00:00:00Z", "topic_stopped_reason": stopped} if stopped else {}
    apns_certificate(tenant, days=days, **more)

    page = member(tenant, Role.VIEWER).get("/admin/tenants/apnscertificate/").content.decode()

    assert f">{words}<" in page
