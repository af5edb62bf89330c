"""A certificate that is uploaded over the API: running workers push with it, and at once to whom was put off."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from django.utils import timezone
from pytest_django import Settings

from commands.apple import push
from commands.apple.push import wake_due_devices
from commands.models import AppleEnrolment
from onboarding.simulation.apns import ApnsStandIn, Fault
from tenants.models import ApnsCertificate, Role, Tenant
from tenants.services.apns import stop_topic
from tests.conftest import ApiClient, Commit
from tests.factories.apns import TOPIC, deliveries, token
from tests.factories.apns_certificates import upload, waiting_certificate
from tests.factories.commands import AppleEnrolmentFactory
from tests.factories.devices import DeviceFactory
from tests.factories.tenants import token_for

LIST = "/api/tenant/v0/apnscertificates/"
HOUR = dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def _to_the_stand_in(apns: ApnsStandIn, settings: Settings) -> Iterator[None]:
    settings.APNS_HOST, settings.APNS_PORT = "127.0.0.1", apns.apns_port
    settings.APNS_CA_FILE = str(apns.root.certificate_path)
    yield
    while push._clients:
        push._clients.popitem()[1].close()


@pytest.fixture
def admin_api(tenant: Tenant, django_capture_on_commit_callbacks: Commit) -> ApiClient:
    return ApiClient(tenant, token_for(tenant, Role.ADMIN)[1], django_capture_on_commit_callbacks)


def complete(api: ApiClient, apns: ApnsStandIn, row: ApnsCertificate, **fields: Any) -> None:
    signed = apns.root.issue_push_certificate(row.signing_request.encode(), topic=TOPIC)
    form = upload(signed, **fields)
    response = api.put(f"{LIST}{row.pk}/", form.body, content_type=form.content_type)
    assert response.status_code == 200, response.content


def requested(api: ApiClient) -> ApnsCertificate:
    """By POST, as an operator does it."""
    return ApnsCertificate.objects.get(pk=api.post(LIST, {}).headers["X-Resource-Id"])


def due(tenant: Tenant, number: int = 1, **columns: object) -> AppleEnrolment:
    made = {"topic": TOPIC, "push_token": token(number), "push_magic": b"magic", "wake_at": timezone.now()}
    return AppleEnrolmentFactory(device=DeviceFactory(tenant=tenant), **{**made, **columns})


def test_from_the_request_to_the_first_push(admin_api: ApiClient, apns: ApnsStandIn, tenant: Tenant) -> None:
    complete(admin_api, apns, requested(admin_api))
    due(tenant)

    assert wake_due_devices() == 1
    assert deliveries(apns) == {token(1).hex(): 1}


@pytest.mark.parametrize("same_row", [True, False], ids=["same request", "new request"])
def test_a_running_worker_pushes_with_the_renewed_certificate(
    admin_api: ApiClient, apns: ApnsStandIn, tenant: Tenant, same_row: bool
) -> None:
    row = requested(admin_api)
    complete(admin_api, apns, row)
    # The old one ends sooner, as after a year.
    ApnsCertificate.objects.update(cert_expiry_on=timezone.now() + 24 * HOUR)
    due(tenant)
    wake_due_devices()
    [(old, _)] = push._clients.items()
    connections = apns.counters["connections"]

    complete(admin_api, apns, row if same_row else waiting_certificate(tenant, "renewal"))
    AppleEnrolment.objects.update(wake_at=timezone.now())

    assert wake_due_devices() == 1
    assert apns.counters["connections"] == connections + 1
    renewed = ApnsCertificate.objects.order_by("-cert_expiry_on").first()
    assert renewed is not None
    assert old[2] != renewed.certificate
    assert list(push._clients) == [(tenant.pk, TOPIC, renewed.certificate)]


def test_devices_that_were_put_off_are_pushed_at_once(admin_api: ApiClient, apns: ApnsStandIn, tenant: Tenant) -> None:
    waiting = due(tenant)
    assert wake_due_devices() == 0
    waiting.refresh_from_db()
    assert waiting.wake_at is not None
    assert waiting.wake_at > timezone.now()

    complete(admin_api, apns, requested(admin_api))

    assert wake_due_devices() == 1
    waiting.refresh_from_db()
    assert waiting.push_error == ""


def test_other_devices_keep_their_timers(
    admin_api: ApiClient, apns: ApnsStandIn, tenant: Tenant, other_tenant: Tenant
) -> None:
    later = timezone.now() + HOUR
    off = {"wake_at": later, "push_error": "No valid APNs certificate"}
    kept = [
        due(tenant, 1, wake_at=later),
        due(tenant, 2, **{**off, "push_token_dead_at": timezone.now()}),
        due(tenant, 3, **{**off, "enabled_at": None}),
        due(tenant, 4, **{**off, "wake_at": None}),
        due(other_tenant, 5, **off),
    ]
    before = [each.wake_at for each in kept]

    complete(admin_api, apns, requested(admin_api))

    assert [AppleEnrolment.objects.get(pk=each.pk).wake_at for each in kept] == before


def test_a_deleted_certificate_is_not_pushed_with(admin_api: ApiClient, apns: ApnsStandIn, tenant: Tenant) -> None:
    row = requested(admin_api)
    complete(admin_api, apns, row)
    due(tenant)

    admin_api.delete(f"{LIST}{row.pk}/?force=true")

    assert wake_due_devices() == 0
    assert "No valid APNs certificate" in AppleEnrolment.objects.get().push_error


def test_a_connection_ends_with_its_certificate(
    admin_api: ApiClient, apns: ApnsStandIn, tenant: Tenant, other_tenant: Tenant
) -> None:
    row = requested(admin_api)
    complete(admin_api, apns, row)
    due(tenant)
    wake_due_devices()
    kept = (other_tenant.pk, TOPIC, "theirs")
    push._clients[kept] = next(iter(push._clients.values()))

    admin_api.delete(f"{LIST}{row.pk}/?force=true")
    AppleEnrolment.objects.update(wake_at=timezone.now())
    wake_due_devices()

    assert list(push._clients) == [kept]


def test_a_refused_certificate_gives_way_to_another_of_its_topic(
    admin_api: ApiClient, apns: ApnsStandIn, tenant: Tenant
) -> None:
    older, newer = requested(admin_api), waiting_certificate(tenant, "newer")
    complete(admin_api, apns, older)
    complete(admin_api, apns, newer)
    ApnsCertificate.objects.filter(pk=older.pk).update(cert_expiry_on=timezone.now() + 24 * HOUR)
    waiting = [due(tenant, number) for number in (1, 2)]
    apns.misbehave(Fault(reason="BadCertificate", times=2))

    assert wake_due_devices() == 2
    assert deliveries(apns) == {token(1).hex(): 1, token(2).hex(): 1}
    stopped = ApnsCertificate.objects.filter(topic_stopped_at__isnull=False)
    assert [row.pk for row in stopped] == [newer.pk]
    assert {AppleEnrolment.objects.get(pk=each.pk).push_error for each in waiting} == {""}


def test_a_late_refusal_does_not_stop_what_took_its_place(
    admin_api: ApiClient, apns: ApnsStandIn, tenant: Tenant
) -> None:
    row = requested(admin_api)
    complete(admin_api, apns, row)
    refused = ApnsCertificate.objects.get()
    ApnsCertificate.objects.update(cert_expiry_on=timezone.now() + 24 * HOUR)
    complete(admin_api, apns, row)

    stop_topic(certificate=refused, reason="BadCertificate")

    assert ApnsCertificate.objects.get().topic_stopped_at is None


def test_der_is_pushed_with_too(admin_api: ApiClient, apns: ApnsStandIn, tenant: Tenant) -> None:
    row = requested(admin_api)
    pem = apns.root.issue_push_certificate(row.signing_request.encode(), topic=TOPIC)
    form = upload(x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER))
    admin_api.put(f"{LIST}{row.pk}/", form.body, content_type=form.content_type)
    due(tenant)

    assert wake_due_devices() == 1
