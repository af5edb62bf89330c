"""A profile that goes, here or at Apple, while devices are given it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from onboarding.clients.apple_dep import DepService
from onboarding.models import DepDevice, DepProfile, DepServer
from onboarding.services.dep import claims
from onboarding.services.dep.access import at_apple
from onboarding.services.dep.assigning import assign_due, assign_profiles, failed_devices, servers_to_assign
from onboarding.services.dep.profiles import delete_profile
from onboarding.simulation.dep import DepStandIn, MdmServer
from tenants.models import Tenant
from tests.factories.dep import token_of
from tests.factories.dep_rows import DepDeviceFactory, DepProfileFactory, DepServerFactory
from tests.factories.tenants import ACTOR


@pytest.fixture
def server(tenant: Tenant, other_tenant: Tenant, mdm_server: MdmServer) -> DepServer:
    """Two devices of it are to have a profile of their own. The other tenant's server is never to be touched."""
    DepDeviceFactory(DepServerFactory(other_tenant))
    server = DepServerFactory(tenant, server_key=token_of(tenant, mdm_server).server_key)
    DepProfileFactory(tenant, name="All", is_default=True)
    own = DepProfileFactory(tenant, name="Own", is_default=False)
    mdm_server.add("A", "B", "C")
    DepDeviceFactory(server, serial="A")
    for serial in "BC":
        DepDeviceFactory(server, serial=serial, own_profile=own)
    return server


class Interrupted(DepService):
    """Something happens right before Apple is told of this profile."""

    def __init__(self, service: DepService, name: str, happens: Callable[[], object]) -> None:
        self.__dict__ = {**service.__dict__, "name": name, "happens": happens}

    def define(self, document: dict[str, Any]) -> str:
        if document["profile_name"] == self.__dict__["name"]:
            self.__dict__["happens"]()
        return super().define(document)


def profiles_at_apple(mdm_server: MdmServer) -> dict[str, str]:
    names = {uuid: told["profile_name"] for uuid, told in mdm_server.profiles.items()}
    return {serial: names.get(device.profile_uuid, "") for serial, device in mdm_server.devices.items()}


def test_one_that_is_deleted_while_apple_is_told_of_it_is_left_out(server: DepServer, mdm_server: MdmServer) -> None:
    mine = claims.claim(server.pk)
    assert mine is not None

    def delete() -> None:
        delete_profile(profile=DepProfile.objects.get(name="Own"), actor=ACTOR)

    with at_apple(mine) as service:
        assert assign_profiles(mine, Interrupted(service, "Own", delete)) == 1
    claims.release(mine)

    assert profiles_at_apple(mdm_server) == {"A": "All", "B": "", "C": ""}
    assert servers_to_assign() == [server.pk]
    assert assign_due(server.pk) == 2
    assert profiles_at_apple(mdm_server) == {"A": "All", "B": "All", "C": "All"}


def test_one_that_apple_knows_no_more_and_does_not_take_again_is_told(
    server: DepServer, dep: DepStandIn, mdm_server: MdmServer
) -> None:
    DepServer.objects.filter(pk=server.pk).update(assign_due_at=timezone.now())
    assign_due(server.pk)
    mdm_server.profiles.clear()
    dep.misbehave(endpoint="define", status=400, body='"CONFIG_NAME_INVALID"')
    DepDevice.objects.filter(serial="A").update(assigned_uuid="")
    DepServer.objects.filter(pk=server.pk).update(assign_due_at=timezone.now())

    assert assign_due(server.pk) == 0

    assert "CONFIG_NAME_INVALID" in failed_devices(server).get().assign_reason
    assert [body["profile_uuid"] for body in dep.bodies("assign") if not body["profile_uuid"]] == []
    assert DepDevice.objects.filter(assign_result="SUCCESS").count() == 2
