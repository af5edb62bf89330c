"""Production settings: nothing starts without its secrets, and Django finds nothing to complain about."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.env import ROOT

KEYS = f"k:{base64.b64encode(b'k' * 32).decode()}"
FULL = {
    "SECRET_KEY": "a-long-and-random-text-of-more-than-fifty-characters-0123456789",
    "ENCRYPTION_KEYS": KEYS,
    "DATABASE_URL": "postgresql://muster:pw@127.0.0.1:1/muster",
    "BASE_URL": "https://mdm.example.org",
    "REDIS_URL": "redis://127.0.0.1:1/0",
}
SHOW = """
import json
from config.settings import production as s
print(json.dumps({n: getattr(s, n) for n in (
    "SECRET_KEY", "ENCRYPTION_KEYS", "BASE_URL", "ALLOWED_HOSTS", "REDIS_URL", "DEBUG", "CSRF_TRUSTED_ORIGINS",
    "CELERY_BROKER_URL", "SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE")}))
"""


def run(arguments: list[str], tmp_path: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    """A Python process with these variables and none of ours; what is empty is not set, in `.env` neither."""
    environment = {
        **dict.fromkeys(FULL, ""),
        **variables,
        "DJANGO_SETTINGS_MODULE": "config.settings.production",
        "MUSTER_VAR": str(tmp_path),
        "PATH": os.environ["PATH"],
    }
    return subprocess.run(
        [sys.executable, *arguments], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=50
    )


def last_line(process: "subprocess.CompletedProcess[str]") -> str:
    return process.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize("missing", FULL)
def test_refuses_to_start_without(tmp_path: Path, missing: str) -> None:
    """A demo that runs on the same machine does not lend its own."""
    (tmp_path / "dev.env").write_text("".join(f"{name}={value}\n" for name, value in FULL.items()))

    process = run(["-c", SHOW], tmp_path, **{name: value for name, value in FULL.items() if name != missing})

    assert process.returncode != 0
    assert last_line(process).endswith(f"{missing} (or {missing}_FILE) must be set. See .env.example.")


def test_starts_with_its_secrets(tmp_path: Path) -> None:
    process = run(["-c", SHOW], tmp_path, **FULL)

    assert process.returncode == 0, process.stderr
    assert json.loads(process.stdout) == {
        **{name: FULL[name] for name in ("SECRET_KEY", "ENCRYPTION_KEYS", "BASE_URL", "REDIS_URL")},
        "ALLOWED_HOSTS": ["mdm.example.org"],
        "CSRF_TRUSTED_ORIGINS": ["https://mdm.example.org"],
        "CELERY_BROKER_URL": "redis://127.0.0.1:1/0",
        "DEBUG": False,
        "SECURE_SSL_REDIRECT": True,
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
    }


def test_takes_every_secret_from_a_file(tmp_path: Path) -> None:
    files = {}
    for name, value in FULL.items():
        (tmp_path / name).write_text(f"{value}\n")
        files[f"{name}_FILE"] = str(tmp_path / name)

    process = run(["-c", SHOW], tmp_path, **files)

    assert process.returncode == 0, process.stderr
    told = json.loads(process.stdout)
    assert {name: told[name] for name in told if name in FULL} == {name: FULL[name] for name in told if name in FULL}


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("BASE_URL", "mdm.example.org", "BASE_URL must be an address such as https://mdm.example.org"),
        ("DATABASE_URL", "sqlite:///x", "DATABASE_URL must name a PostgreSQL database"),
        ("GATEWAY_HEADERS", "sometimes", "GATEWAY_HEADERS must be one of required, optional, not 'sometimes'."),
        ("DEBUG", "perhaps", "DEBUG must be true or false, not 'perhaps'."),
    ],
)
def test_refuses_what_makes_no_sense(tmp_path: Path, name: str, value: str, told: str) -> None:
    process = run(["-c", SHOW], tmp_path, **{**FULL, name: value})

    assert process.returncode != 0
    assert told in last_line(process)


CHECK = ["manage.py", "check", "--deploy", "--fail-level", "WARNING"]
MAIL = {"EMAIL_HOST": "mail.example.org"}


def test_the_deployment_check_finds_nothing(tmp_path: Path) -> None:
    process = run(CHECK, tmp_path, **FULL, **MAIL)

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
def test_the_deployment_check_misses_mail(tmp_path: Path, variables: dict[str, str], told: str) -> None:
    process = run(CHECK, tmp_path, **{**FULL, **variables})

    assert process.returncode == 1
    assert told in process.stderr


def test_mail_without_a_server_is_an_error_not_a_silence(tmp_path: Path) -> None:
    process = run(["manage.py", "sendtestemail", "a@example.org"], tmp_path, **FULL)

    assert process.returncode != 0
    assert last_line(process).endswith("E-mail is not set up: set EMAIL_HOST. See .env.example.")


@pytest.mark.parametrize(
    ("security", "tls", "ssl"), [("starttls", True, False), ("tls", False, True), ("none", False, False)]
)
def test_mail_is_encrypted_as_it_is_said(tmp_path: Path, security: str, tls: bool, ssl: bool) -> None:
    show = "from config.settings import production as s; print(s.EMAIL_BACKEND, s.EMAIL_USE_TLS, s.EMAIL_USE_SSL)"

    process = run(["-c", show], tmp_path, **FULL, **MAIL, EMAIL_SECURITY=security)

    assert process.stdout.split() == ["config.mail.EmailBackend", str(tls), str(ssl)]
