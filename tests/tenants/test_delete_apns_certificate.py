"""DELETE: refused while enrolled devices could not be woken without it."""

from typing import Any

import pytest

from tenants.models import ApnsCertificate, AuditEvent, Tenant
from tests.conftest import ApiClient
from tests.factories.apns_certificates import TOPIC
from tests.factories.commands import AppleEnrolmentFactory
from tests.factories.console import apns_certificate
from tests.factories.devices import DeviceFactory

LIST = "/api/tenant/v0/apnscertificates/"


@pytest.fixture
def row(tenant: Tenant) -> ApnsCertificate:
    """In use by two devices; a third has left."""
    for enabled in (True, True, False):
        enrolment = AppleEnrolmentFactory(device=DeviceFactory(tenant=tenant), topic=TOPIC)
        if not enabled:
            type(enrolment).objects.filter(pk=enrolment.pk).update(enabled_at=None)
    return apns_certificate(tenant, topic=TOPIC)


def delete(api: ApiClient, row: ApnsCertificate, query: str = "") -> Any:
    return api.delete(f"{LIST}{row.pk}/{query}")


def test_one_that_devices_depend_on_stays_and_they_are_counted(admin_api: ApiClient, row: ApnsCertificate) -> None:
    response = delete(admin_api, row)

    assert response.status_code == 400
    assert response.json()["message"].startswith("2 devices are enrolled under this certificate's topic")
    assert "force=true" in response.json()["message"]
    assert ApnsCertificate.objects.filter(pk=row.pk).exists()
    assert not AuditEvent.objects.filter(actor_kind="api").exists()


def test_forced_it_goes_and_the_audit_log_says_so(admin_api: ApiClient, row: ApnsCertificate) -> None:
    response = delete(admin_api, row, "?force=true")

    assert (response.status_code, response.content) == (204, b"")
    assert not ApnsCertificate.objects.exists()
    audit = AuditEvent.objects.get(action="apns_certificate.deleted")
    assert audit.object_id == str(row.pk)
    assert audit.details == {"topic": TOPIC, "devices": 2, "forced": True}
    assert delete(admin_api, row).status_code == 404


@pytest.mark.parametrize("word", ["maybe", "2", "%00"])
def test_force_is_yes_or_no(admin_api: ApiClient, row: ApnsCertificate, word: str) -> None:
    response = delete(admin_api, row, f"?force={word}")

    assert response.status_code == 400
    assert list(response.json()["content"]) == ["force"]


def test_one_of_two_valid_ones_may_go(admin_api: ApiClient, tenant: Tenant, row: ApnsCertificate) -> None:
    older = apns_certificate(tenant, topic=TOPIC, days=10)

    assert delete(admin_api, older).status_code == 204
    assert delete(admin_api, row).status_code == 400


@pytest.mark.parametrize(
    "useless", [{"days": -1}, {"topic_stopped_at": "2026-01-01T00:00:00Z"}, {"topic": f"{TOPIC}.other"}], ids=str
)
def test_another_that_cannot_wake_them_does_not_count(
    admin_api: ApiClient, tenant: Tenant, row: ApnsCertificate, useless: dict[str, Any]
) -> None:
    apns_certificate(tenant, **{"topic": TOPIC, **useless})

    assert delete(admin_api, row).status_code == 400


def test_the_other_tenants_certificate_does_not_count(
    admin_api: ApiClient, other_tenant: Tenant, row: ApnsCertificate
) -> None:
    other = apns_certificate(other_tenant, topic=TOPIC)

    assert delete(admin_api, row).status_code == 400
    assert delete(admin_api, other, "?force=true").status_code == 404
    assert ApnsCertificate.objects.count() == 2


def test_one_that_no_device_uses_goes(admin_api: ApiClient, tenant: Tenant) -> None:
    assert delete(admin_api, apns_certificate(tenant)).status_code == 204
