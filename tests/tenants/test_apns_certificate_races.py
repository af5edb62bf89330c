"""Two uploads at once: real threads, each with its own database connection."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections, transaction

from commands.services.apns_certificates import complete_certificate, delete_certificate
from config.api.errors import ApplicationError
from tenants.models import ApnsCertificate, AuditEvent, Tenant
from tests.factories.apns_certificates import APPLE_ID, TOPIC, push_certificate, waiting_certificate
from tests.factories.pki import rsa_key
from tests.factories.tenants import ACTOR, TenantFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ours() -> Tenant:
    return TenantFactory(name="Ours")


def at_once(tenant: Tenant, acts: list[Callable[[], object]]) -> list[str]:
    """What each came to; none is done before all have begun."""

    def run(act: Callable[[], object]) -> str:
        try:
            act()
        except ApplicationError as error:
            return type(error).__name__
        finally:
            connections.close_all()
        return "done"

    with ThreadPoolExecutor(len(acts)) as pool:
        with transaction.atomic():
            Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
            running = [pool.submit(run, act) for act in acts]
        return sorted(each.result(timeout=20) for each in running)


def uploading(row: ApnsCertificate, file: str) -> Callable[[], object]:
    return lambda: complete_certificate(certificate=row, file=file.encode(), apple_id=APPLE_ID, actor=ACTOR)


def test_the_same_file_twice_is_one_completion(ours: Tenant) -> None:
    row, file = waiting_certificate(ours), push_certificate()

    assert at_once(ours, [uploading(row, file)] * 2) == ["done", "done"]
    assert AuditEvent.objects.filter(action="apns_certificate.completed").count() == 1


def test_two_first_certificates_of_different_topics_do_not_both_pass(ours: Tenant) -> None:
    first = uploading(waiting_certificate(ours), push_certificate())
    other = push_certificate(topic=f"{TOPIC}.other", key=rsa_key("push 2"))
    second = uploading(waiting_certificate(ours, "push 2"), other)

    assert at_once(ours, [first, second]) == ["NeedsForce", "done"]
    assert ApnsCertificate.objects.filter(state="COMPLETED").count() == 1


def test_deleting_twice_deletes_once(ours: Tenant) -> None:
    row = waiting_certificate(ours)

    assert at_once(ours, [lambda: delete_certificate(certificate=row, actor=ACTOR)] * 2) == ["NotFound", "done"]
    assert AuditEvent.objects.filter(action="apns_certificate.deleted").count() == 1
