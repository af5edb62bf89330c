"""Devices that are too old update in their set-up assistant before they enrol, if they can be told to."""

from typing import Any

import orjson
import pytest

from onboarding.models import DepDevice, DepProfile, EnrolmentChallenge
from tests.factories.ade import ask, machine_info

SERIAL = "C02ABC123"


@pytest.fixture
def demanding(profile: DepProfile, listed: DepDevice) -> DepProfile:
    profile.minimum_os_version, profile.minimum_macos_version = "18.1", "15.2"
    profile.save()
    return profile


@pytest.mark.parametrize(
    ("told", "needs"),
    [
        ({"PRODUCT": "iPhone16,1", "OS_VERSION": "18.0"}, "18.1"),
        ({"PRODUCT": "iPad14,1", "OS_VERSION": "17.7.2"}, "18.1"),
        ({"PRODUCT": "Mac15,3", "OS_VERSION": "15.1.9"}, "15.2"),
        ({"PRODUCT": "MacBookPro18,1", "OS_VERSION": "14.0"}, "15.2"),
    ],
)
def test_an_older_device_is_told_to_update(demanding: DepProfile, told: dict[str, Any], needs: str) -> None:
    answer = ask(demanding, machine_info(SERIAL, **told))

    assert (answer.status_code, answer["Content-Type"]) == (403, "application/json")
    document = orjson.loads(answer.content)
    assert (document["code"], document["details"]) == ("com.apple.softwareupdate.required", {"OSVersion": needs})
    assert needs in document["message"]
    assert not EnrolmentChallenge.objects.exists()


def test_asks_again_when_it_has_updated(demanding: DepProfile) -> None:
    assert ask(demanding, machine_info(SERIAL, OS_VERSION="18.0")).status_code == 403
    assert ask(demanding, machine_info(SERIAL, OS_VERSION="18.1")).status_code == 200


@pytest.mark.parametrize(
    "told",
    [
        {"OS_VERSION": "18.1"},
        {"OS_VERSION": "18.10"},
        {"OS_VERSION": "26.0"},
        {"OS_VERSION": "18.1 (a)"},
        {"OS_VERSION": "18.0", "MDM_CAN_REQUEST_SOFTWARE_UPDATE": False},
        {"OS_VERSION": "18.0", "MDM_CAN_REQUEST_SOFTWARE_UPDATE": None},
        {"OS_VERSION": None},
        {"OS_VERSION": "unknown"},
        {"PRODUCT": "AppleTV14,1", "OS_VERSION": "17.0"},
        {"PRODUCT": "RealityDevice14,1", "OS_VERSION": "2.0"},
        {"PRODUCT": "Mac15,3", "OS_VERSION": "15.2"},
    ],
)
def test_others_enrol(demanding: DepProfile, told: dict[str, Any]) -> None:
    assert ask(demanding, machine_info(SERIAL, **told)).status_code == 200


def test_without_a_minimum_every_device_enrols(profile: DepProfile, listed: DepDevice) -> None:
    assert ask(profile, machine_info(SERIAL, OS_VERSION="17.0")).status_code == 200
