"""How long a device has for its answer: by command, and as the operator sets it."""

import os
import subprocess
import sys

import pytest

from commands.catalogue import CATALOGUE
from config.dev.places import ROOT

PRINT = """
import django; django.setup()
from commands.catalogue import CATALOGUE
print(int(CATALOGUE["LOCK"].time_out.total_seconds()), int(CATALOGUE["REBOOT"].time_out.total_seconds()))
"""
MINUTES = {
    2: ["UPDATE_HEARTBEAT", "LOCK", "BEEP_DEVICE", "NOTIFY_DEVICE"],
    10: ["SET_TIMEZONE", "INSTALL_PROFILE", "REMOVE_PROFILE", "DEVICE_INFORMATION", "ADD_WIFI_AP", "SET_NEW_POLICY"],
    30: ["REBOOT", "WIPE"],
    24 * 60: ["INSTALL", "UNINSTALL", "VPP_APP_INSTALL", "APPLE_APP_UNINSTALL", "UPDATE_LATEST_DPC"],
    3 * 24 * 60: ["CONVERGE", "UPDATE_BLUEPRINT"],
}


def started_with(value: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COMMAND_TIME_OUTS": value}
    return subprocess.run([sys.executable, "-c", PRINT], cwd=ROOT, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("minutes", list(MINUTES))
def test_each_command_has_its_time(minutes: int) -> None:
    assert {CATALOGUE[name].time_out.total_seconds() for name in MINUTES[minutes]} == {minutes * 60}


def test_the_operator_sets_another() -> None:
    assert started_with("LOCK=300").stdout.split() == ["300", "1800"]


def test_a_time_for_no_command_stops_the_start() -> None:
    done = started_with("LOOK=300")

    assert done.returncode != 0
    assert "COMMAND_TIME_OUTS names 'LOOK', which is no command." in done.stderr
