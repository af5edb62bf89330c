"""Profiles that commands make."""

import hashlib
import uuid

import pytest
from pytest_django import Settings

from commands.apple.profiles import MadeProfile

WIFI = ("com.apple.wifi.managed", {"SSID_STR": "office", "Password": "sesame"})


def uuids(profile: MadeProfile, organization: str = "Ours") -> list[str]:
    document = profile.document(organization)
    return [document["PayloadUUID"], *(payload["PayloadUUID"] for payload in document["PayloadContent"])]


def test_the_same_content_has_the_same_uuids() -> None:
    assert uuids(MadeProfile("wifi.1", "Wi-Fi", (WIFI,))) == uuids(MadeProfile("wifi.1", "Wi-Fi", (WIFI,)))


@pytest.mark.parametrize(
    ("other", "organization"),
    [
        (MadeProfile("wifi.2", "Wi-Fi", (WIFI,)), "Ours"),
        (MadeProfile("wifi.1", "Wi-Fi", ((WIFI[0], {**WIFI[1], "Password": "other"}),)), "Ours"),
        (MadeProfile("wifi.1", "Wi-Fi", (WIFI,)), "Theirs"),
    ],
    ids=["purpose", "content", "organisation"],
)
def test_other_content_has_another_uuid(other: MadeProfile, organization: str) -> None:
    assert uuids(MadeProfile("wifi.1", "Wi-Fi", (WIFI,)))[0] != uuids(other, organization)[0]


def test_uuids_cannot_be_computed_without_the_servers_key(settings: Settings) -> None:
    before = uuids(MadeProfile("wifi.1", "Wi-Fi", (WIFI,)))

    settings.SECRET_KEY = hashlib.sha256(b"another").hexdigest()

    assert not set(before) & set(uuids(MadeProfile("wifi.1", "Wi-Fi", (WIFI,))))
    assert all(str(uuid.UUID(each)).upper() == each for each in before)


def test_without_payloads_it_is_a_removal() -> None:
    command = MadeProfile("kiosk", "Single-app mode").command("Ours")

    assert command == {"RequestType": "RemoveProfile", "Identifier": "org.muster.commands.kiosk"}
