"""Production settings: nothing starts without its secrets, and Django finds nothing to complain about."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core import checks
from django.core.checks.registry import registry
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from pytest_django import Settings

from config.env import ROOT
from tenants.checks import mail_server

KEYS = f"k:{base64.b64encode(b'k' * 32).decode()}"
FULL = {
    "SECRET_KEY": "a-long-and-random-text-of-more-than-fifty-characters-0123456789",
    "ENCRYPTION_KEYS": KEYS,
    "DATABASE_URL": "postgresql://muster:pw@127.0.0.1:1/muster",
    "BASE_URL": "https://mdm.example.org",
    "REDIS_URL": "redis://127.0.0.1:1/0",
}
# Answers one line of variables with one of settings, or with why there are none: read anew each time, in one process.
SHOW = """
import importlib, json, os, sys
from django.core.exceptions import ImproperlyConfigured
for line in sys.stdin:
    os.environ.clear()
    os.environ.update(json.loads(line))
    for name in [name for name in sys.modules if name.partition(".")[0] == "config"]:
        del sys.modules[name]
    try:
        s = importlib.import_module(os.environ["DJANGO_SETTINGS_MODULE"])
    except ImproperlyConfigured as refusal:
        print(json.dumps({"refusal": str(refusal)}), flush=True)
    else:
        print(json.dumps({n: getattr(s, n) for n in (
            "SECRET_KEY", "ENCRYPTION_KEYS", "BASE_URL", "ALLOWED_HOSTS", "REDIS_URL", "DEBUG", "CSRF_TRUSTED_ORIGINS",
            "CELERY_BROKER_URL", "SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE",
            "EMAIL_BACKEND", "EMAIL_HOST", "EMAIL_USE_TLS", "EMAIL_USE_SSL", "DEFAULT_FROM_EMAIL")}), flush=True)
"""
MAIL = {"EMAIL_HOST": "mail.example.org"}
Ask = Callable[..., dict[str, Any]]


def environment(folder: Path, **variables: str) -> dict[str, str]:
    """These variables and none of ours; what is empty is not set, in `.env` neither."""
    return {
        **dict.fromkeys(FULL, ""),
        **variables,
        "DJANGO_SETTINGS_MODULE": "config.settings.production",
        "MUSTER_VAR": str(folder),
        "PATH": os.environ["PATH"],
    }


def run(arguments: list[str], folder: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    told = environment(folder, **variables)
    return subprocess.run([sys.executable, *arguments], env=told, cwd=ROOT, capture_output=True, text=True, timeout=50)


@pytest.fixture(scope="module")
def _process(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[subprocess.Popen[str]]":
    command, told = [sys.executable, "-c", SHOW], environment(tmp_path_factory.mktemp("settings"))
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=told, cwd=ROOT, stdin=pipe, stdout=pipe, text=True, bufsize=1) as process:
        yield process


@pytest.fixture
def ask(_process: "subprocess.Popen[str]", tmp_path: Path) -> Ask:
    """The settings of a process with these variables."""
    assert _process.stdin
    assert _process.stdout
    lines_in, lines_out = _process.stdin, _process.stdout

    def asked(**variables: str) -> dict[str, Any]:
        lines_in.write(json.dumps(environment(tmp_path, **variables)) + "\n")
        told: dict[str, Any] = json.loads(lines_out.readline())
        return told

    return asked


@pytest.fixture
def mail_of(ask: Ask, settings: Settings) -> Callable[..., None]:
    """Takes what production makes of these variables for the tests' own settings of e-mail."""

    def taken(**variables: str) -> None:
        told = ask(**{**FULL, **variables})
        for name in ("EMAIL_BACKEND", "EMAIL_HOST", "DEFAULT_FROM_EMAIL"):
            setattr(settings, name, told[name])

    return taken


@pytest.mark.parametrize("missing", FULL)
def test_refuses_to_start_without(tmp_path: Path, ask: Ask, missing: str) -> None:
    """A demo that runs on the same machine does not lend its own."""
    (tmp_path / "dev.env").write_text("".join(f"{name}={value}\n" for name, value in FULL.items()))

    told = ask(**{name: value for name, value in FULL.items() if name != missing})

    assert told == {"refusal": f"{missing} (or {missing}_FILE) must be set. See .env.example."}


def test_a_refusal_ends_the_process(tmp_path: Path) -> None:
    process = run(["manage.py", "check"], tmp_path)

    assert process.returncode != 0
    assert process.stderr.strip().endswith("SECRET_KEY (or SECRET_KEY_FILE) must be set. See .env.example.")


def test_starts_with_its_secrets(ask: Ask) -> None:
    wanted = {
        **{name: FULL[name] for name in ("SECRET_KEY", "ENCRYPTION_KEYS", "BASE_URL", "REDIS_URL")},
        "ALLOWED_HOSTS": ["mdm.example.org"],
        "CSRF_TRUSTED_ORIGINS": ["https://mdm.example.org"],
        "CELERY_BROKER_URL": "redis://127.0.0.1:1/0",
        "DEBUG": False,
        "SECURE_SSL_REDIRECT": True,
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
    }

    told = ask(**FULL)

    assert {name: told.get(name) for name in wanted} == wanted


def test_takes_every_secret_from_a_file(tmp_path: Path, ask: Ask) -> None:
    files = {}
    for name, value in FULL.items():
        (tmp_path / name).write_text(f"{value}\n")
        files[f"{name}_FILE"] = str(tmp_path / name)

    told = ask(**files)

    shown = FULL.keys() - {"DATABASE_URL"}
    assert {name: told.get(name) for name in shown} == {name: FULL[name] for name in shown}


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("BASE_URL", "mdm.example.org", "BASE_URL must be an address such as https://mdm.example.org"),
        ("DATABASE_URL", "sqlite:///x", "DATABASE_URL must name a PostgreSQL database"),
        ("GATEWAY_HEADERS", "sometimes", "GATEWAY_HEADERS must be one of required, optional, not 'sometimes'."),
        ("DEBUG", "perhaps", "DEBUG must be true or false, not 'perhaps'."),
    ],
)
def test_refuses_what_makes_no_sense(ask: Ask, name: str, value: str, told: str) -> None:
    assert told in ask(**{**FULL, name: value})["refusal"]


def test_the_deployment_check_finds_nothing(tmp_path: Path) -> None:
    process = run(["manage.py", "check", "--deploy", "--fail-level", "WARNING"], tmp_path, **FULL, **MAIL)

    assert process.returncode == 0, process.stderr
    assert "no issues" in process.stdout


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({}, "(tenants.W001) There is no mail server"),
        ({**MAIL, "EMAIL_FROM": "Muster"}, "(tenants.E003) 'Muster' cannot send e-mail."),
        ({**MAIL, "BASE_URL": "https://mdm"}, "(tenants.E003) 'Muster <muster@mdm>' cannot send e-mail."),
    ],
)
def test_the_deployment_check_misses_mail(mail_of: Callable[..., None], variables: dict[str, str], told: str) -> None:
    mail_of(**variables)

    asked_with_deploy: set[object] = set(registry.deployment_checks)

    (found,) = mail_server(None)

    assert mail_server in asked_with_deploy
    assert told in str(found)
    assert found.is_serious(checks.WARNING)


def test_mail_without_a_server_is_an_error_not_a_silence(mail_of: Callable[..., None]) -> None:
    mail_of()

    with pytest.raises(ImproperlyConfigured, match=r"E-mail is not set up: set EMAIL_HOST. See .env.example.$"):
        call_command("sendtestemail", "a@example.org")


@pytest.mark.parametrize(
    ("security", "tls", "ssl"), [("starttls", True, False), ("tls", False, True), ("none", False, False)]
)
def test_mail_is_encrypted_as_it_is_said(ask: Ask, security: str, tls: bool, ssl: bool) -> None:
    told = ask(**FULL, **MAIL, EMAIL_SECURITY=security)

    found = [told[name] for name in ("EMAIL_BACKEND", "EMAIL_USE_TLS", "EMAIL_USE_SSL")]
    assert found == ["config.mail.EmailBackend", tls, ssl]
