"""`manage.py list_commands` and the page that it writes."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from commands.catalogue import CATALOGUE
from devices.models import Device
from tests.api.seed_commands import COMMANDS

PAGE = Path(settings.BASE_DIR) / "docs" / "commands.md"


def listed(capsys: pytest.CaptureFixture[str], *words: str, **options: Any) -> str:
    call_command("list_commands", *words, **options)
    return capsys.readouterr().out


def test_lists_each_command_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    head, *lines = listed(capsys).splitlines()

    assert head.split() == ["COMMAND", "APPLE", "WHAT", "IT", "DOES"]
    assert [line.split()[0] for line in lines] == COMMANDS
    assert next(line for line in lines if line.startswith("LOCK ")).endswith("  Locks the screen at once.")


def test_tells_everything_about_the_commands_that_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    text = listed(capsys, "SET_STREAM_VOLUME", "RESET_LOCKSCREEN_PASSWORD")

    first, second = text.split("\n\n")
    assert first.startswith("SET_STREAM_VOLUME\n  Sets the volume of rings, notifications, alarms or music.\n")
    assert "  volume_level: integer, required, 0 to 100. Percent\n" in first
    assert "  new_lockscreen_password: string, required, at most 1,000 characters, secret. " in second
    assert "  Time-out: 10 minutes.\n" in second


def test_refuses_a_name_that_is_no_command() -> None:
    with pytest.raises(CommandError, match="no such command: EXPLODE, lock"):
        call_command("list_commands", "lock", "LOCK", "EXPLODE")


def test_json_is_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    facts = {each["name"]: each for each in json.loads(listed(capsys, format="json"))}

    assert list(facts) == COMMANDS
    assert facts["REBOOT"]["systems"]["iOS"] == {"carried": True, "needs": "10.3+, supervised"}
    assert facts["REBOOT"]["systems"]["Android"] == {"carried": False, "needs": ""}
    assert facts["REBOOT"]["time_out"] == 30 * 60
    assert facts["SET_BRIGHTNESS_SCALE"]["arguments"]["properties"]["brightness_value"]["maximum"] == 100
    assert facts["INSTALL_PROFILE"]["secret_arguments"] == ["profile"]


def test_every_command_that_apple_devices_get_or_not_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    for facts in json.loads(listed(capsys, format="json")):
        carried = [system for system, told in facts["systems"].items() if told["carried"]]
        command = CATALOGUE[facts["name"]]
        assert bool(carried) == command.supports("APPLE")
        assert facts["apple"].startswith("Apple: refused") != bool(carried)
        assert all(system in facts["apple"] for system in carried)
        assert Device.Os.ANDROID not in carried


def test_the_page_names_every_command_and_argument(capsys: pytest.CaptureFixture[str]) -> None:
    page = listed(capsys, format="markdown")

    for name, command in CATALOGUE.items():
        section = page.split(f"\n### {name}\n", 1)[1].split("\n### ", 1)[0]
        assert command.description in section
        assert all(f"| `{argument}` |" in section for argument in command.Arguments().fields)
        assert f"\n| [{name}](#{name.lower()}) | " in page


def test_the_page_names_the_keys_of_arguments_that_are_objects(capsys: pytest.CaptureFixture[str]) -> None:
    page = listed(capsys, "ADD_WIFI_AP", "REMOVE_WIFI_AP", "UPDATE_DEVICE_CONFIG", format="markdown")

    assert "| `wifi_access_points.password` | string | no | – | Its password, if it has one; secret |" in page
    assert "| `custom_settings_config.organization_info.name` |" in page
    assert "password" not in page.split("\n### REMOVE_WIFI_AP\n")[1].split("\n### ")[0]


def test_docs_commands_md_is_current() -> None:
    """If not: `make docs` writes it."""
    call_command("list_commands", format="markdown", check=PAGE)


def test_an_old_page_is_found_out(tmp_path: Path) -> None:
    page = tmp_path / "commands.md"
    for write in (lambda: None, lambda: page.write_text("# Commands\n")):
        write()
        with pytest.raises(CommandError, match="`make docs` writes it anew"):
            call_command("list_commands", format="markdown", check=page)

    call_command("list_commands", format="markdown", output=page)
    call_command("list_commands", format="markdown", check=page)
