"""DEP tokens in the console: made, downloaded, uploaded, renewed, deleted."""

from typing import Any

import pytest
from cryptography import x509
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from tenants.models import AuditEvent, DepToken, Membership, Role, Tenant
from tests.factories.apple_tokens import (
    SECRETS,
    CompletedDepTokenFactory,
    DepTokenFactory,
    dep_text,
    enveloped,
    p7m,
    smime,
    vpptoken,
)
from tests.factories.console import browser, member, superuser
from tests.factories.pki import Identity
from tests.factories.sealing import lose_key
from tests.factories.tenants import UserFactory

LIST = "/admin/tenants/deptoken/"
NEW = f"{LIST}new_token/"
LATER, EARLIER = "2098-01-01T00:00:00Z", "2097-01-01T00:00:00Z"


def page(row: DepToken) -> str:
    return f"{LIST}{row.pk}/change/"


def upload(client: Client, row: DepToken, file: bytes, name: str = "Acme", **more: Any) -> Any:
    told = {"file": SimpleUploadedFile("token.p7m", file), "token_name": name, **more}
    return client.post(page(row), told)


def shown(answer: Any) -> str:
    text: str = answer.content.decode()
    return text


def states(answer: Any) -> list[str]:
    return [step.state for step in answer.context["steps"]]


@pytest.fixture
def admin(tenant: Tenant) -> Client:
    return member(tenant, Role.ADMIN)


# The whole way --------------------------------------------------------------------------------------------------------
def test_guides_from_the_key_to_the_token(admin: Client, tenant: Tenant) -> None:
    assert NEW in shown(admin.get(LIST))
    made = admin.post(NEW, {"tenant": str(tenant.pk)})
    row = DepToken.objects.get()
    assert made["Location"] == page(row)
    assert states(admin.get(page(row))) == ["now", "later", "later"]

    key = admin.get(f"{LIST}{row.pk}/download/")
    assert key["Content-Disposition"] == 'attachment; filename="Muster_Public_Key.pem"'
    assert states(admin.get(page(row))) == ["done", "now", "now"]

    theirs = Identity(x509.load_pem_x509_certificate(key.content), None)
    stored = upload(admin, row, smime(enveloped(dep_text(access_token_expiry=LATER), theirs)))
    assert stored["Location"] == page(row)
    after = admin.get(page(row))
    assert "The token is stored, and good until 2098-01-01." in shown(after)
    assert states(after) == ["done", "done", "later"]
    row.refresh_from_db()
    assert (row.state, row.token_name, row.tenant) == ("COMPLETED", "Acme", tenant)
    actions = list(AuditEvent.objects.filter(object_id=str(row.pk)).order_by("at").values_list("action", flat=True))
    assert actions == ["dep_token.requested", "dep_token.key_downloaded", "dep_token.completed"]


def test_a_key_that_the_api_answered_counts_as_downloaded(admin: Client, tenant: Tenant) -> None:
    row = DepTokenFactory(tenant)
    told = {"object_type": "deptoken", "object_id": str(row.pk), "tenant_id": tenant.pk, "actor": "x"}
    AuditEvent.objects.create(**told, actor_kind="api", action="dep_token.requested")

    assert states(admin.get(page(row))) == ["done", "now", "now"]


def test_who_comes_to_renew_is_sent_to_the_token(admin: Client, tenant: Tenant, other_tenant: Tenant) -> None:
    ours, waiting = CompletedDepTokenFactory(tenant), DepTokenFactory(tenant)
    theirs = CompletedDepTokenFactory(other_tenant)

    text = shown(admin.get(NEW))

    assert page(ours) in text
    assert page(waiting) in text
    assert page(theirs) not in text
    assert "Theirs" not in text


# Refusals -------------------------------------------------------------------------------------------------------------
WRONG = {
    "VPP token": (vpptoken(), "the file is a VPP content token"),
    "another key": (p7m("another"), "encrypted for another public key"),
    "empty": (b"", "The submitted file is empty"),
    "too large": (b"A" * 300_000, "such a file has no more than"),
    "huge": (b"A" * (9 * 1024 * 1024), "such a file has no more than"),
    "noise": (b"\0\xff" * 500, "is no encrypted message"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_said_at_its_field_and_the_name_is_kept(admin: Client, tenant: Tenant, name: str) -> None:
    file, words = WRONG[name]
    row = DepTokenFactory(tenant)

    answer = upload(admin, row, file, "Kept & <named>")

    assert answer.status_code == 400
    [form] = [step.form for step in answer.context["steps"] if step.form]
    assert words in form.errors["file"][0]
    assert 'value="Kept &amp; &lt;named&gt;"' in shown(answer)
    assert 'name="force"' not in shown(answer)
    assert DepToken.objects.get().state == "CSR_GENERATED"


@pytest.mark.parametrize("told", [{}, {"token_name": "x"}, {"token_name": "x", "file": "text"}, {"token_name": "a\0b"}])
def test_a_form_that_is_not_complete_is_shown_again(admin: Client, tenant: Tenant, told: dict[str, str]) -> None:
    row = DepTokenFactory(tenant)

    assert admin.post(page(row), told).status_code == 400
    assert DepToken.objects.get().state == "CSR_GENERATED"


@pytest.mark.parametrize(
    ("change", "words"),
    [({"consumer_key": "CK_other"}, "another MDM server at Apple"), ({"access_token_expiry": EARLIER}, "it is older")],
)
def test_what_force_lifts_is_asked_for_first(admin: Client, tenant: Tenant, change: dict[str, str], words: str) -> None:
    row = DepTokenFactory(tenant)
    upload(admin, row, p7m(access_token_expiry=LATER))
    file = p7m(**{"access_token_expiry": LATER, **change})

    refused = upload(admin, row, file, force="true")
    assert refused.status_code == 400
    assert words in shown(refused)
    assert not AuditEvent.objects.filter(action="dep_token.renewed").exists()

    [form] = [step.form for step in refused.context["steps"] if step.form]
    assert upload(admin, row, file, force=form.refusal).status_code == 302
    assert AuditEvent.objects.get(action="dep_token.renewed").details["forced"] is True


def test_a_key_that_does_not_open_is_said(admin: Client, tenant: Tenant, settings: Settings) -> None:
    row = DepTokenFactory(tenant)
    lose_key(settings)

    answer = upload(admin, row, p7m())

    assert answer.status_code == 400
    assert "A stored secret of this record cannot be opened" in shown(answer)
    assert DepToken.objects.get().state == "CSR_GENERATED"


# Once there is one ----------------------------------------------------------------------------------------------------
def test_a_token_is_renewed_on_its_page(admin: Client, tenant: Tenant) -> None:
    row = CompletedDepTokenFactory(tenant, days=5)
    before = admin.get(page(row))
    assert "It expires in 4 days. Renew it before" in shown(before)
    assert states(before) == ["done", "done", "now"]
    assert 'value="Ours ABM"' in shown(before)

    assert upload(admin, row, p7m()).status_code == 302

    assert states(admin.get(page(row))) == ["done", "done", "later"]


def test_a_token_that_is_over_says_what_does_not_work(admin: Client, tenant: Tenant) -> None:
    row = CompletedDepTokenFactory(tenant, days=-3)

    assert "It expired 3 days ago: Apple tells this server nothing" in shown(admin.get(page(row)))
    assert "expired</span>" in shown(admin.get(LIST))


def test_a_token_that_another_record_replaces_says_so(admin: Client, tenant: Tenant) -> None:
    old = CompletedDepTokenFactory(tenant, days=3, server_key="one", token_name="Old")
    new = CompletedDepTokenFactory(tenant, days=300, server_key="one", token_name="New")

    answer = admin.get(page(old))

    assert "replaced</span>" in shown(answer)
    assert page(new) in shown(answer)
    assert answer.context["notices"] == []
    assert [step.form for step in answer.context["steps"]] == [None, None, None]
    assert "replaced</span>" in shown(admin.get(LIST))
    assert "replaced</span>" not in shown(admin.get(page(new)))


@pytest.mark.parametrize("factory", [DepTokenFactory, CompletedDepTokenFactory])
def test_deleting_asks_first(admin: Client, tenant: Tenant, factory: Any) -> None:
    row, kept = factory(tenant), factory(tenant)

    assert admin.get(f"{LIST}{row.pk}/remove/").status_code == 200
    assert DepToken.objects.count() == 2
    answer = admin.post(f"{LIST}{row.pk}/remove/", follow=True)

    assert f"{row} is deleted." in shown(answer)
    assert DepToken.objects.get() == kept
    assert AuditEvent.objects.get(action="dep_token.deleted").object_id == str(row.pk)


# Who may --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_others_see_states_and_nothing_to_press(tenant: Tenant, role: Role) -> None:
    rows = [DepTokenFactory(tenant), CompletedDepTokenFactory(tenant)]
    client = member(tenant, role)

    assert NEW not in shown(client.get(LIST))
    assert client.post(NEW, {"tenant": str(tenant.pk)}).status_code == 403
    for row in rows:
        answer = client.get(page(row))
        assert [(step.form, step.download) for step in answer.context["steps"]] == [(None, None)] * 3
        assert "/remove/" not in shown(answer)
        assert upload(client, row, p7m()).status_code == 403
        for action in ("remove", "download"):
            assert client.get(f"{LIST}{row.pk}/{action}/").status_code == 404
            assert client.post(f"{LIST}{row.pk}/{action}/").status_code == 404
    assert DepToken.objects.count() == 2
    assert not AuditEvent.objects.filter(action__startswith="dep_token.").exists()


def test_tokens_of_another_tenant_are_out_of_reach(admin: Client, other_tenant: Tenant) -> None:
    row = DepTokenFactory(other_tenant)

    assert admin.get(page(row)).status_code == 302
    assert upload(admin, row, p7m())["Location"] == LIST
    for action in ("remove", "download"):
        assert admin.get(f"{LIST}{row.pk}/{action}/").status_code == 404
        assert admin.post(f"{LIST}{row.pk}/{action}/").status_code == 404
    refused = admin.post(NEW, {"tenant": str(other_tenant.pk)})
    assert refused.status_code == 400
    assert DepToken.objects.get().state == "CSR_GENERATED"


def test_an_admin_here_who_only_looks_there_cannot_write_there(tenant: Tenant, other_tenant: Tenant) -> None:
    user = UserFactory()
    Membership.objects.create(user=user, tenant=tenant, role=Role.ADMIN)
    Membership.objects.create(user=user, tenant=other_tenant, role=Role.VIEWER)
    client, row = browser(user), DepTokenFactory(other_tenant)

    assert client.get(page(row)).status_code == 200
    assert upload(client, row, p7m()).status_code == 403
    assert client.post(f"{LIST}{row.pk}/remove/").status_code == 404
    assert client.post(NEW, {"tenant": str(other_tenant.pk)}).status_code == 400
    assert DepToken.objects.get().state == "CSR_GENERATED"


def test_superusers_choose_the_tenant(tenant: Tenant, other_tenant: Tenant) -> None:
    client = superuser()

    assert client.post(NEW, {"tenant": ""}).status_code == 400
    client.post(NEW, {"tenant": str(other_tenant.pk)})

    assert DepToken.objects.get().tenant == other_tenant


def test_a_token_that_somebody_deleted_meanwhile_is_said(admin: Client, tenant: Tenant) -> None:
    row = DepTokenFactory(tenant)
    row.delete()

    answer = upload(admin, row, p7m())

    assert answer["Location"] == LIST
    assert "Perhaps somebody has deleted it meanwhile" in shown(admin.get(LIST))


@pytest.mark.parametrize("verb", ["post", "put", "delete"])
def test_downloading_is_only_reading(admin: Client, tenant: Tenant, verb: str) -> None:
    row = DepTokenFactory(tenant)

    assert getattr(admin, verb)(f"{LIST}{row.pk}/download/").status_code == 405


def test_no_page_shows_a_secret(admin: Client, tenant: Tenant) -> None:
    row = CompletedDepTokenFactory(tenant)
    pages = [admin.get(path) for path in (LIST, NEW, page(row), f"{LIST}{row.pk}/remove/", f"{LIST}{row.pk}/download/")]
    pages += [upload(admin, row, p7m(consumer_key="CK_other")), upload(admin, row, p7m()[:-300])]

    for answer in pages:
        assert [word for word in (*SECRETS, "CK_other", "PRIVATE KEY") if word in shown(answer)] == []
