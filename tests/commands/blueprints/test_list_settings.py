"""manage.py list_settings, and the page that it writes."""

from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from commands.blueprints.schema import GROUPS

PAGE = Path(settings.BASE_DIR) / "docs" / "blueprints.md"


def test_docs_blueprints_md_is_current() -> None:
    """If not: `make docs` writes it."""
    call_command("list_settings", check=PAGE)


def test_the_page_names_every_field_of_every_group(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("list_settings")

    page = capsys.readouterr().out
    for platform, groups in GROUPS.items():
        for key, group in groups.items():
            section = page.split(f"\n### {platform}.{key}\n", 1)[1].split("\n### ", 1)[0]
            assert f"**{group.title}.**" in section
            assert all(f"{name}` |" in section for name in group().fields)


def test_every_group_says_what_it_is_for() -> None:
    for platform, groups in GROUPS.items():
        for key, group in groups.items():
            assert group.title, key
            assert group.__doc__, key
            assert bool(group.reference) == (platform == "ios"), key
            assert all(field.help_text for field in group().fields.values()), key


def test_an_old_page_is_found_out_and_written_anew(tmp_path: Path) -> None:
    page = tmp_path / "blueprints.md"
    page.write_text(PAGE.read_text(encoding="utf-8").replace("### ios.apps", "### ios.programs"), encoding="utf-8")
    with pytest.raises(CommandError, match="`make docs` writes it anew"):
        call_command("list_settings", check=page)

    call_command("list_settings", output=page)

    assert page.read_text(encoding="utf-8") == PAGE.read_text(encoding="utf-8")


def test_a_page_without_the_mark_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "blueprints.md"
    page.write_text("# Blueprints\n")

    with pytest.raises(CommandError, match="has no line"):
        call_command("list_settings", output=page)

    assert page.read_text() == "# Blueprints\n"
