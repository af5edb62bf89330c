"""The main job: a command goes from the REST API to an enrolled Apple device and its answer comes back."""

from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories.fleet import enrol, ready_to_enrol, row_of


def test_a_command_reaches_an_enrolled_device_and_its_success_comes_back(api: ApiClient, tenant: Tenant) -> None:
    device = enrol(ready_to_enrol(tenant))
    row = row_of(device)

    created = api.post(
        "/api/commands/v0/commands/",
        {"command_type": "DEVICE", "devices": [str(row.pk)], "command": "LOCK", "schedule": "IMMEDIATE"},
    )
    conversation = device.connect()

    assert created.status_code == 201
    assert ("DeviceLock", "Acknowledged") in [(step.request_type, step.status) for step in conversation.executed]
    stats = api.get(f"/api/commands/v0/commands/{created.json()['content']['id']}/stats/").json()
    assert stats["content"]["status"] == [{"state": "Command Success", "total": 1}]
