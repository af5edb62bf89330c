"""The readers of the environment: typed, and loud about what they cannot read."""

import os
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", True), ("true", True), (" YES ", True), ("on", True), ("0", False), ("False", False), ("no", False)]
    + [("off", False), ("", "default")],
)
def test_a_flag_is_read_in_any_spelling(monkeypatch: pytest.MonkeyPatch, text: str, value: Any) -> None:
    monkeypatch.setenv("THING", text)

    for default in (True, False):
        assert env.flag("THING", default=default) is (default if value == "default" else value)


@pytest.mark.parametrize("text", ["maybe", "2", "truee"])
def test_a_flag_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("THING", text)

    with pytest.raises(ImproperlyConfigured, match="THING must be true or false, not"):
        env.flag("THING", default=True)


def test_a_number_is_read_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert env.number("THING", 5) == 5
    monkeypatch.setenv("THING", "12")
    assert env.number("THING", 5) == 12

    for text in ("12.5", "a dozen", "1e3"):
        monkeypatch.setenv("THING", text)
        with pytest.raises(ImproperlyConfigured, match="THING must be a whole number, not"):
            env.number("THING", 5)


def test_a_choice_is_one_of_the_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert env.choice("THING", ("required", "optional")) == "required"
    monkeypatch.setenv("THING", "optional")
    assert env.choice("THING", ("required", "optional")) == "optional"

    monkeypatch.setenv("THING", "Optional")
    with pytest.raises(ImproperlyConfigured, match="THING must be one of required, optional, not 'Optional'"):
        env.choice("THING", ("required", "optional"))


def test_words_are_parted_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    assert env.words("THING", ("a",)) == ["a"]
    monkeypatch.setenv("THING", " b, ,c ,")
    assert env.words("THING", ("a",)) == ["b", "c"]


def test_numbers_have_names(monkeypatch: pytest.MonkeyPatch) -> None:
    assert env.numbers("THING") == {}
    monkeypatch.setenv("THING", " LOCK=300, WIPE = 3600 ,")
    assert env.numbers("THING") == {"LOCK": 300, "WIPE": 3600}

    for text in ("LOCK", "LOCK=", "=5", "LOCK=0", "LOCK=-1", "LOCK=1.5", "LOCK=300 WIPE=1"):
        monkeypatch.setenv("THING", text)
        with pytest.raises(ImproperlyConfigured, match="THING must be a list such as"):
            env.numbers("THING")


def test_a_secret_comes_from_its_file_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("from the file\n")
    monkeypatch.setenv("THING", "from the environment")
    assert env.secret("THING") == "from the environment"

    monkeypatch.setenv("THING_FILE", str(path))
    assert env.secret("THING") == env.required("THING") == "from the file"


def test_a_file_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("THING", "set too")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    for name, told in (("nowhere", "No such file"), (".", "Is a directory"), ("bytes", "is not text")):
        monkeypatch.setenv("THING_FILE", str(tmp_path / name))
        with pytest.raises(ImproperlyConfigured, match=rf"THING_FILE: .*{told}"):
            env.secret("THING")


@pytest.mark.parametrize("content", ["", " \n"])
def test_what_is_required_is_missed_when_empty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str) -> None:
    (tmp_path / "secret").write_text(content)
    monkeypatch.setenv("THING_FILE", str(tmp_path / "secret"))

    with pytest.raises(ImproperlyConfigured, match=r"THING \(or THING_FILE\) must be set"):
        env.required("THING")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://mdm.example.org/", "https://mdm.example.org"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
    ],
)
def test_a_web_address_loses_its_last_slash(url: str, told: str) -> None:
    assert env.web_url("BASE_URL", url) == told


@pytest.mark.parametrize("url", ["mdm.example.org", "ftp://mdm.example.org", "https://", "https:///path", "//host"])
def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="BASE_URL must be an address such as https://mdm.example.org"):
        env.web_url("BASE_URL", url)


@pytest.mark.parametrize(
    ("url", "host"),
    [("https://Mdm.example.org:8443/x", "mdm.example.org"), ("https://[2001:db8::1]/", "[2001:db8::1]")],
)
def test_the_host_of_an_address(url: str, host: str) -> None:
    assert env.host_of(url) == host


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "postgresql://u:p@db:5433/muster",
            {"HOST": "db", "PORT": 5433, "NAME": "muster", "USER": "u", "PASSWORD": "p"},
        ),
        ("postgres://u:p%40%23@db/muster", {"HOST": "db", "PASSWORD": "p@#"}),
        ("postgresql://muster@/muster?host=/run/pg", {"HOST": "/run/pg", "NAME": "muster", "USER": "muster"}),
    ],
)
def test_a_database_is_read_from_its_url(monkeypatch: pytest.MonkeyPatch, url: str, expected: dict[str, Any]) -> None:
    monkeypatch.setenv("DATABASE_URL", url)

    told = env.database()

    assert {key: told[key] for key in expected} == expected
    assert told["ENGINE"] == "django.db.backends.postgresql"


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///db.sqlite3",
        "mysql://u:hunter2@db/x",
        "nonsense",
        "postgresql://u:hun/ter2:9@db/x",
    ],
)
def test_a_database_that_is_no_postgresql_is_refused_without_its_password(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)

    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL") as caught:
        env.database()
    assert "hun" not in str(caught.value)


def test_the_file_of_a_running_demo_is_read_only_where_nothing_is_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "dev.env").write_text("DATABASE_URL=postgresql://demo\nTHING=demo\n")
    monkeypatch.setattr(env, "VAR", tmp_path)
    for name, value, read in (
        ("DATABASE_URL", "postgresql://x@y/z", False),
        ("DATABASE_URL_FILE", "/somewhere", False),
        ("DJANGO_SETTINGS_MODULE", "config.settings.production", False),
        ("DJANGO_SETTINGS_MODULE", "config.settings.base", True),
    ):
        with monkeypatch.context() as patch:
            for unset in ("DATABASE_URL", "DATABASE_URL_FILE", "DJANGO_SETTINGS_MODULE", "THING"):
                patch.delenv(unset, raising=False)
            patch.setenv(name, value)
            env.load()
            assert (os.environ.get("THING") == "demo") is read
            os.environ.pop("THING", None)
            os.environ.pop("DATABASE_URL", None)
