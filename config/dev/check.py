"""`make lint`: every step runs and is named with its result; one failure fails the whole."""

import base64
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from config.dev.console import LauncherError, paint, say
from config.dev.places import ROOT
from config.dev.services import throwaway_services


@dataclass(frozen=True)
class Step:
    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)


def run_checks(names: Sequence[str]) -> int:
    """All steps, or those named. 0 if every one passed."""
    with tempfile.TemporaryDirectory(prefix="muster-check-") as folder:
        steps = chosen_steps(all_steps(Path(folder)), names)
        with throwaway_services(os.environ) as services:
            failed = [step.name for step in steps if not passes(step, services.environment)]
    say(paint(f"checks: failed: {', '.join(failed)}", "red") if failed else paint("checks: all passed", "green"))
    return 1 if failed else 0


def chosen_steps(steps: list[Step], names: Sequence[str]) -> list[Step]:
    unknown = sorted(set(names) - {step.name for step in steps})
    if unknown:
        known = ", ".join(step.name for step in steps)
        raise LauncherError(f"no such check: {', '.join(unknown)}. There are: {known}.")
    return [step for step in steps if not names or step.name in names]


def all_steps(folder: Path) -> list[Step]:
    document = str(folder / "openapi.yaml")
    return [
        Step("lint", python("-m", "ruff", "check", "--no-cache", "--output-format", "concise", ".")),
        Step("format", python("-m", "ruff", "format", "--no-cache", "--check", "--output-format", "concise", ".")),
        Step("mypy", python("-m", "mypy", ".")),
        Step("imports", [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]),
        Step("migrations", manage("makemigrations", "--check", "--dry-run")),
        Step("openapi", manage("spectacular", "--validate", "--fail-on-warn", "--file", document)),
        Step("commands", manage("list_commands", "--format", "markdown", "--check", "docs/commands.md")),
        Step("settings", manage("list_settings", "--check", "docs/blueprints.md")),
        Step("deploy", manage("check", "--deploy", "--fail-level", "WARNING"), production()),
    ]


def python(*words: str) -> list[str]:
    return [sys.executable, *words]


def manage(*words: str) -> list[str]:
    return python("manage.py", *words)


def production() -> dict[str, str]:
    """Production settings with secrets made for this one check."""
    return {
        "DJANGO_SETTINGS_MODULE": "config.settings.production",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "ENCRYPTION_KEYS": f"check:{base64.b64encode(secrets.token_bytes(32)).decode()}",
        "BASE_URL": "https://muster.example.org",
        "EMAIL_HOST": "mail.example.org",
    }


def passes(step: Step, services: dict[str, str]) -> bool:
    """Run one step; what it said is shown if it failed."""
    started = time.monotonic()
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings.test", **services, **step.environment}
    done = subprocess.run(
        step.command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    result = paint("ok", "green") if done.returncode == 0 else paint("FAILED", "red")
    say(f"{step.name:<12} {result} ({time.monotonic() - started:.1f} s)")
    if done.returncode != 0:
        say("\n".join(f"    {line}" for line in done.stdout.splitlines()))
    return done.returncode == 0
