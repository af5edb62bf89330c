"""How long a device has for its answer: by command, and as the operator sets it."""

import os
import subprocess
import sys

import pytest

from commands.catalogue import CATALOGUE
from config.dev.places import ROOT

STARTS = """
import django; django.setup()
from commands.catalogue import CATALOGUE
print(int(CATALOGUE["LOCK"].time_out.total_seconds()), int(CATALOGUE["REBOOT"].time_out.total_seconds()), flush=True)

import importlib
import commands.catalogue
from django.conf import settings
settings.COMMAND_TIME_OUTS = {"LOOK": 300}
importlib.reload(commands.catalogue)
print("started")
"""
MINUTES = {
    2: ["UPDATE_HEARTBEAT", "LOCK", "BEEP_DEVICE", "NOTIFY_DEVICE"],
    10: ["SET_TIMEZONE", "INSTALL_PROFILE", "REMOVE_PROFILE", "DEVICE_INFORMATION", "ADD_WIFI_AP", "SET_NEW_POLICY"],
    30: ["REBOOT", "WIPE"],
    24 * 60: ["INSTALL", "UNINSTALL", "VPP_APP_INSTALL", "APPLE_APP_UNINSTALL", "UPDATE_LATEST_DPC"],
    3 * 24 * 60: ["CONVERGE", "UPDATE_BLUEPRINT"],
}


@pytest.mark.parametrize("minutes", list(MINUTES))
def test_each_command_has_its_time(minutes: int) -> None:
    assert {CATALOGUE[name].time_out.total_seconds() for name in MINUTES[minutes]} == {minutes * 60}


def test_the_operator_sets_another_and_a_time_for_no_command_stops_the_start() -> None:
    environment = {**os.environ, "COMMAND_TIME_OUTS": "LOCK=300"}
    done = subprocess.run([sys.executable, "-c", STARTS], cwd=ROOT, env=environment, capture_output=True, text=True)

    assert done.stdout.split() == ["300", "1800"]
    assert done.returncode != 0
    assert "COMMAND_TIME_OUTS names 'LOOK', which is no command." in done.stderr
