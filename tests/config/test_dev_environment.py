"""What the launcher keeps and leaves for other shells."""

import base64
from pathlib import Path

import pytest

from config.dev.console import LauncherError
from config.dev.environment import given_settings, kept_secrets, read_env_file, write_env_file


def test_generated_secrets_are_kept_and_private(tmp_path: Path) -> None:
    first = kept_secrets(tmp_path, {})
    assert kept_secrets(tmp_path, {}) == first
    assert len(base64.b64decode(first["ENCRYPTION_KEYS"].partition(":")[2])) == 32
    assert (tmp_path / "secrets.env").stat().st_mode & 0o777 == 0o600


def test_given_secrets_are_neither_replaced_nor_written(tmp_path: Path) -> None:
    given = {"SECRET_KEY": "mine", "ENCRYPTION_KEYS": "a:mine"}
    assert kept_secrets(tmp_path, given) == {}
    assert not (tmp_path / "secrets.env").exists()


def test_lost_secrets_of_an_existing_demo_are_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "demo.json").write_text("{}")
    with pytest.raises(LauncherError, match="secrets.env is gone"):
        kept_secrets(tmp_path, {})


def test_env_file_survives_writing_and_reading(tmp_path: Path) -> None:
    values = {"A": "plain", "B": "postgresql://muster@/muster?host=/a b", "C": "", "D": "x=="}
    write_env_file(tmp_path / "dev.env", values)
    assert read_env_file(tmp_path / "dev.env") == values
    assert (tmp_path / "dev.env").stat().st_mode & 0o777 == 0o600


def test_env_file_may_hold_comments_quotes_and_exports(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# comment\n\nexport A=1\nB = \"two words\"\nC='3'\nnonsense\n")
    assert read_env_file(tmp_path / ".env") == {"A": "1", "B": "two words", "C": "3"}


def test_secret_comes_from_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "url").write_text("postgresql://elsewhere/db\n")
    monkeypatch.setenv("DATABASE_URL_FILE", str(tmp_path / "url"))
    assert given_settings()["DATABASE_URL"] == "postgresql://elsewhere/db"


def test_unreadable_secret_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY_FILE", "/nowhere/key")
    with pytest.raises(LauncherError, match="SECRET_KEY_FILE: cannot read /nowhere/key"):
        given_settings()
