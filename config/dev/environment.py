"""The settings of a run: what the person set, what we generate and keep, what other shells may read."""

import base64
import os
import re
import secrets
import shlex
from collections.abc import Mapping
from pathlib import Path

from config.dev.console import LauncherError
from config.dev.places import ROOT, shown

LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*")
GENERATED = ("SECRET_KEY", "ENCRYPTION_KEYS")
FROM_FILES = ("DATABASE_URL", "REDIS_URL", *GENERATED)


def given_settings() -> dict[str, str]:
    """The environment over `.env`, `<NAME>_FILE` resolved, empty values left out: what config/env.py would see."""
    merged = {**read_env_file(ROOT / ".env"), **os.environ}
    for name in FROM_FILES:
        if merged.get(f"{name}_FILE"):
            merged[name] = read_secret(f"{name}_FILE", Path(merged[f"{name}_FILE"]))
    return {name: value for name, value in merged.items() if value}


def read_secret(name: str, path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError as error:
        raise LauncherError(f"{name}: cannot read {path}: {error.strerror}.") from None


def read_env_file(path: Path) -> dict[str, str]:
    """`NAME=value` lines, quoted or not; comments and all else are passed over. Empty if there is no such file."""
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise LauncherError(f"cannot read {shown(path)}: {error.strerror}.") from None
    found = (LINE.fullmatch(line) for line in lines)
    return {match[1]: unquoted(match[2]) for match in found if match}


def unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value


def write_env_file(path: Path, values: Mapping[str, str]) -> None:
    """Readable by us alone, and never half written."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
        handle.writelines(f"{name}={shlex.quote(value)}\n" for name, value in values.items())
    draft.replace(path)


def kept_secrets(var: Path, given: Mapping[str, str]) -> dict[str, str]:
    """The secrets the person did not set: made once, kept in `var/secrets.env`."""
    path = var / "secrets.env"
    kept = read_env_file(path)
    missing = [name for name in GENERATED if name not in given and name not in kept]
    if missing and not kept and (var / "demo.json").exists() and "ENCRYPTION_KEYS" in missing:
        raise LauncherError(
            f"{shown(path)} is gone, and without its keys the sealed values in the database cannot be read: "
            "bring it back, or start over with `make clean`."
        )
    made = {"SECRET_KEY": secrets.token_urlsafe(50), "ENCRYPTION_KEYS": f"dev:{new_key()}"}
    kept |= {name: made[name] for name in missing}
    if missing:
        write_env_file(path, kept)
    return {name: value for name, value in kept.items() if name not in given}


def new_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()
