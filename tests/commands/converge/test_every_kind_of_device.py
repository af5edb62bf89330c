"""All settings at once, on each kind of device: what succeeds once is not sent again, and all of it goes again."""

import pytest

from commands.models import Converge
from devices.models import Device, DeviceProfile
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories.converges import with_blueprint
from tests.factories.converging import carried_out, commands_of
from tests.factories.fleet import placed, row_of
from tests.factories.settings import IOS

LEFT_OUT = ("wallpaper_settings", "apps", "provisioning_profiles")  # what needs rows of the tenant
EVERYTHING = {key: value for key, value in IOS.items() if key not in LEFT_OUT}
MODELS = ["iPhone 15", "iPad Air", "Apple TV 4K"]


@pytest.fixture(params=[True, False], ids=["supervised", "unsupervised"])
def supervised(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(params=MODELS)
def phone(tenant: Tenant, supervised: bool, request: pytest.FixtureRequest) -> SimulatedAppleDevice:
    return placed(tenant, supervised=supervised, model=request.param)


def went(converge: Converge, *, well: bool) -> set[str]:
    return {title for title, state in commands_of(converge) if (state == "Success") is well}


def ours(device: Device) -> set[str]:
    rows = DeviceProfile.objects.filter(device=device, identifier__startswith="org.muster.blueprint.")
    return set(rows.values_list("identifier", flat=True))


def test_what_succeeded_is_not_sent_again_and_goes_with_the_blueprint(
    api: ApiClient, phone: SimulatedAppleDevice
) -> None:
    device = row_of(phone)
    with_blueprint(device, ios=EVERYTHING)

    first = carried_out(api, phone, device, provision=True)
    second = carried_out(api, phone, device, provision=True)

    assert {title for title, _ in commands_of(second)} <= went(first, well=False)
    assert ours(device)
    with_blueprint(device, ios={})
    assert carried_out(api, phone, device).status == Converge.Status.SUCCESS
    assert ours(device) == set()
    assert commands_of(carried_out(api, phone, device)) == []
