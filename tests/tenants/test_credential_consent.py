"""What force lifts was told before: all of it."""

from tenants.models import DepToken, Tenant
from tenants.services.dep_tokens import complete_dep_token
from tests.api.seed import DEP_TOKENS
from tests.conftest import ApiClient
from tests.factories.apple_tokens import DepTokenFactory, form, p7m
from tests.factories.tenants import ACTOR


def test_a_token_of_a_server_that_is_neither_ours_nor_free_is_refused_for_both(
    admin_api: ApiClient, tenant: Tenant, other_tenant: Tenant
) -> None:
    ours, theirs = DepTokenFactory(tenant), DepTokenFactory(other_tenant)
    complete_dep_token(token=ours, file=p7m(consumer_key="CK_ours"), token_name="Ours", actor=ACTOR)
    complete_dep_token(token=theirs, file=p7m(consumer_key="CK_theirs"), token_name="Theirs", actor=ACTOR)

    response = admin_api.put(f"{DEP_TOKENS}{ours.pk}/", **form(file=p7m(consumer_key="CK_theirs"), token_name="Ours"))

    message = response.json()["message"]
    assert response.status_code == 400
    assert "consumer_key is not that of the token it would replace" in message
    assert "Also, this MDM server at Apple is in use elsewhere" in message
    assert message.count("invalid DEP token") == 1
    assert "Theirs" not in message
    assert bytes(DepToken.objects.get(pk=ours.pk).consumer_key) == b"CK_ours"
