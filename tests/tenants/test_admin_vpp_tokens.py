"""VPP tokens in the console: stored, renewed in their place, deleted."""

import contextlib
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps_domain.models import VppLicence, VppLocation
from config.api.errors import BadRequest
from tenants.models import AuditEvent, Membership, Role, Tenant, VppToken
from tenants.services.vpp_tokens import renew_vpp_token
from tests.factories.apple_tokens import VPP_FIELDS, VppTokenFactory, p7m, vpptoken
from tests.factories.console import browser, member, superuser
from tests.factories.devices import DeviceFactory
from tests.factories.tenants import ACTOR, UserFactory
from tests.factories.threads import all_at_once

LIST = "/admin/tenants/vpptoken/"
ADD = f"{LIST}add_token/"


def page(row: VppToken) -> str:
    return f"{LIST}{row.pk}/change/"


def add(client: Client, tenant: Tenant | None, file: bytes | None = None) -> Any:
    told = SimpleUploadedFile("s.vpptoken", vpptoken() if file is None else file)
    return client.post(ADD, {"tenant": str(tenant.pk) if tenant else "", "file": told})


def renew(client: Client, row: VppToken, file: bytes, **more: Any) -> Any:
    return client.post(page(row), {"file": SimpleUploadedFile("s.vpptoken", file), **more})


def shown(answer: Any) -> str:
    text: str = answer.content.decode()
    return text


def stored(client: Client, tenant: Tenant, **fields: Any) -> VppToken:
    assert add(client, tenant, vpptoken(**fields)).status_code == 302
    return VppToken.objects.get(tenant=tenant)


@pytest.fixture
def admin(tenant: Tenant) -> Client:
    return member(tenant, Role.ADMIN)


def test_guides_to_a_stored_token(admin: Client, tenant: Tenant) -> None:
    assert ADD in shown(admin.get(LIST))
    assert "Content Tokens" in shown(admin.get(ADD))

    answer = add(admin, tenant)

    row = VppToken.objects.get()
    assert (row.tenant, row.org_name, row.token) == (tenant, "Example Org", vpptoken())
    assert answer["Location"] == page(row)
    after = admin.get(page(row))
    assert "The token of Example Org is stored, and good until 2099-06-24." in shown(after)
    assert [step.state for step in after.context["steps"]] == ["done", "done", "later"]
    assert AuditEvent.objects.get(action="vpp_token.created").actor_kind == "console"


WRONG = {
    "DEP token": (p7m(), "the file is a DEP server token"),
    "empty": (b"", "The submitted file is empty"),
    "too large": (b"A" * 300_000, "such a file has no more than"),
    "huge": (b"A" * (9 * 1024 * 1024), "such a file has no more than"),
    "over": (vpptoken(expDate="2020-01-01T00:00:00+0000"), "it expired on 2020-01-01"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_said_at_its_field(admin: Client, tenant: Tenant, name: str) -> None:
    file, words = WRONG[name]
    row = VppTokenFactory(tenant)

    for answer in (add(admin, tenant, file), renew(admin, row, file)):
        assert answer.status_code == 400
        [form] = [step.form for step in answer.context["steps"] if step.form]
        assert words in form.errors["file"][0]
        assert 'name="force"' not in shown(answer)
    assert VppToken.objects.get() == row


def test_a_token_is_stored_once(admin: Client, tenant: Tenant) -> None:
    row, other = stored(admin, tenant), VppTokenFactory(tenant)

    for answer in (add(admin, tenant), renew(admin, row, vpptoken()), renew(admin, other, vpptoken())):
        assert answer.status_code == 400
        assert "this token is stored already" in shown(answer)
    assert VppToken.objects.filter(key=row.key).count() == 1


# Renewal --------------------------------------------------------------------------------------------------------------
def test_a_renewed_token_keeps_its_id_and_what_hangs_on_it(admin: Client, tenant: Tenant) -> None:
    row = stored(admin, tenant, token="old", expDate="2098-01-01T00:00:00+0000")
    location = VppLocation.objects.create(tenant=tenant, token=row, uid="1", name="Hall")
    licence = VppLicence.objects.create(tenant=tenant, location=location, adam_id="1", pricing_param="STDQ")

    assert renew(admin, row, vpptoken()).status_code == 302

    after = VppToken.objects.get()
    assert (after.pk, after.token) == (row.pk, vpptoken())
    assert after.key != row.key
    assert f"{after.token_expiry_on:%Y}" == "2099"
    assert VppLicence.objects.get() == licence
    assert AuditEvent.objects.get(action="vpp_token.renewed").details["forced"] is False


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"orgName": "Other Org"}, "Other Org"),
        ({"expDate": "2097-01-01T00:00:00+0000"}, "so it is older"),
    ],
)
def test_what_force_lifts_is_asked_for_first(admin: Client, tenant: Tenant, change: dict[str, str], words: str) -> None:
    row = stored(admin, tenant, token="old")
    file = vpptoken(**change)

    refused = renew(admin, row, file, force="on")
    assert refused.status_code == 400
    assert words in shown(refused)
    assert VppToken.objects.get().key == row.key

    [form] = [step.form for step in refused.context["steps"] if step.form]
    assert renew(admin, row, file, force=form.refusal).status_code == 302
    assert VppToken.objects.get().token == file
    assert AuditEvent.objects.get(action="vpp_token.renewed").details["forced"] is True


def test_the_operator_hears_of_one_token_in_two_tenants(
    admin: Client, tenant: Tenant, other_tenant: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    stored(member(other_tenant, Role.ADMIN), other_tenant)
    assert "vpp_token_in_two_tenants" not in caplog.text

    answer = add(admin, tenant)

    assert answer.status_code == 302
    assert "vpp_token_in_two_tenants" in caplog.text
    assert "Theirs" not in shown(admin.get(answer["Location"]))


# Deleting -------------------------------------------------------------------------------------------------------------
def test_deleting_says_what_goes_with_it_and_asks_first(admin: Client, tenant: Tenant, other_tenant: Tenant) -> None:
    DeviceFactory(tenant=tenant)
    row, kept = VppTokenFactory(tenant), VppTokenFactory(tenant)
    for token in (row, kept):
        location = VppLocation.objects.create(tenant=tenant, token=token, uid=str(token.pk))
        for adam_id in "12":
            VppLicence.objects.create(tenant=tenant, location=location, adam_id=adam_id, pricing_param="STDQ")

    asked = shown(admin.get(f"{LIST}{row.pk}/remove/"))
    assert "2 vpp licences" in asked.lower()
    assert "1 vpp location" in asked.lower()
    assert VppToken.objects.count() == 2

    assert f"{row} is deleted." in shown(admin.post(f"{LIST}{row.pk}/remove/", follow=True))
    assert VppToken.objects.get() == kept
    assert VppLicence.objects.count() == 2
    assert tenant.devices.count() == 1
    assert AuditEvent.objects.get(action="vpp_token.deleted").object_id == str(row.pk)


def test_a_token_on_which_nothing_hangs(admin: Client, tenant: Tenant) -> None:
    row = VppTokenFactory(tenant)

    assert "Nothing else hangs on it." in shown(admin.get(f"{LIST}{row.pk}/remove/"))


# Who may --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_others_see_states_and_nothing_to_press(tenant: Tenant, role: Role) -> None:
    row, client = VppTokenFactory(tenant), member(tenant, role)

    assert ADD not in shown(client.get(LIST))
    assert client.get(ADD).status_code == 403
    assert add(client, tenant).status_code == 403
    answer = client.get(page(row))
    assert [step.form for step in answer.context["steps"]] == [None] * 3
    assert "/remove/" not in shown(answer)
    assert renew(client, row, vpptoken()).status_code == 403
    assert client.post(f"{LIST}{row.pk}/remove/").status_code == 404
    assert VppToken.objects.get().key == row.key


def test_tokens_of_another_tenant_are_out_of_reach(admin: Client, other_tenant: Tenant) -> None:
    row = VppTokenFactory(other_tenant)

    assert admin.get(page(row)).status_code == 302
    assert renew(admin, row, vpptoken())["Location"] == LIST
    assert admin.get(f"{LIST}{row.pk}/remove/").status_code == 404
    assert admin.post(f"{LIST}{row.pk}/remove/").status_code == 404
    assert add(admin, other_tenant).status_code == 400
    assert VppToken.objects.get().key == row.key


def test_an_admin_here_who_only_looks_there_cannot_write_there(tenant: Tenant, other_tenant: Tenant) -> None:
    user = UserFactory()
    Membership.objects.create(user=user, tenant=tenant, role=Role.ADMIN)
    Membership.objects.create(user=user, tenant=other_tenant, role=Role.OPERATOR)
    client, row = browser(user), VppTokenFactory(other_tenant)

    assert client.get(page(row)).status_code == 200
    assert renew(client, row, vpptoken()).status_code == 403
    assert client.post(f"{LIST}{row.pk}/remove/").status_code == 404
    assert add(client, other_tenant).status_code == 400


def test_superusers_choose_the_tenant(tenant: Tenant, other_tenant: Tenant) -> None:
    client = superuser()

    assert add(client, None).status_code == 400
    assert add(client, other_tenant).status_code == 302
    assert VppToken.objects.get().tenant == other_tenant


@pytest.mark.parametrize("verb", ["renew", "remove"])
def test_a_token_that_somebody_deleted_meanwhile_is_said(admin: Client, tenant: Tenant, verb: str) -> None:
    row = VppTokenFactory(tenant)
    VppToken.objects.all().delete()

    answer = renew(admin, row, vpptoken()) if verb == "renew" else admin.post(f"{LIST}{row.pk}/remove/")

    assert answer.status_code in (302, 404)
    assert not VppToken.objects.exists()


def test_no_page_shows_the_token(admin: Client, tenant: Tenant) -> None:
    row = stored(admin, tenant)
    pages = [admin.get(path) for path in (LIST, ADD, page(row), f"{LIST}{row.pk}/remove/")]
    pages += [add(admin, tenant), renew(admin, row, vpptoken(orgName="Other")), renew(admin, row, vpptoken()[:-8])]

    for answer in pages:
        assert VPP_FIELDS["token"] not in shown(answer)
        assert vpptoken().decode()[:40] not in shown(answer)


@pytest.mark.django_db(transaction=True)
def test_of_two_renewals_with_one_file_at_once_one_is_taken() -> None:
    tenant = Tenant.objects.create(name="At once")
    rows = [VppTokenFactory(tenant, org_name="Example Org") for _ in range(2)]
    taken: list[int] = []

    def store(row: VppToken) -> None:
        with contextlib.suppress(BadRequest):
            taken.append(renew_vpp_token(token=row, file=vpptoken(), actor=ACTOR).pk)

    all_at_once(*(lambda row=row: store(row) for row in rows))

    assert len(taken) == 1
    assert VppToken.objects.filter(token_expiry_on__year=2099).values_list("pk", flat=True).get() == taken[0]
    assert AuditEvent.objects.filter(action="vpp_token.renewed").count() == 1
