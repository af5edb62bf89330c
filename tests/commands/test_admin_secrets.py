"""No page of the console shows a secret."""

from django.test import Client

from commands.models import CommandResult
from tenants.models import Tenant
from tests.factories.console import Furnished, superuser


def pages_of(client: Client, made: Furnished) -> list[str]:
    paths = [
        "",
        "devices/device/",
        f"devices/device/{made.device.pk}/change/",
        "commands/commandrequest/",
        f"commands/commandrequest/{made.request.pk}/change/",
        "commands/commandstatus/",
        f"commands/commandstatus/{made.status.pk}/change/",
        "tenants/apitoken/",
        f"tenants/apitoken/{made.token.pk}/change/",
        "tenants/apnscertificate/",
        f"tenants/apnscertificate/{made.certificate.pk}/change/",
        f"tenants/tenant/{made.tenant.pk}/change/",
        "tenants/auditevent/",
    ]
    answers = [client.get(f"/admin/{path}") for path in paths]
    assert {answer.status_code for answer in answers} == {200}
    return [answer.content.decode() for answer in answers]


def test_no_page_shows_a_secret(tenant: Tenant) -> None:
    made = Furnished(tenant)
    made.request.command_args = {"profile": "********"}
    made.request.secret_args = b'{"profile": "planted-argument"}'
    made.request.save()
    told = {"UnlockToken": "planted-in-answer", "Inner": [{"PushMagic": "planted-in-answer"}], "Battery": 1}
    CommandResult.objects.create(status=made.status, payload=told)

    for page in pages_of(superuser(), made):
        for word in ("planted-", "apns-private-key", made.token_text, made.token.digest, "PRIVATE KEY"):
            assert word not in page


def test_the_link_token_is_only_on_the_links_own_page(tenant: Tenant) -> None:
    made = Furnished(tenant)
    client = superuser()

    assert all(made.link.token not in page for page in pages_of(client, made))
    assert made.link.token not in client.get("/admin/onboarding/enrolmentprofile/").content.decode()
    assert made.link.token in client.get(f"/admin/onboarding/enrolmentprofile/{made.link.pk}/change/").content.decode()


def test_no_page_has_inline_scripts_or_outside_addresses(tenant: Tenant) -> None:
    for page in pages_of(superuser(), Furnished(tenant)):
        scripts = [part.split(">")[0] for part in page.split("<script")[1:]]
        assert all("src=" in tag or "application/json" in tag for tag in scripts)
        assert 'src="http' not in page
        assert "onclick=" not in page
