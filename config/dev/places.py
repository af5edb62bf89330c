"""Where things live: the checkout, `var/`, and short directories for unix sockets and throw-away data."""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from config.dev.console import LauncherError

ROOT = Path(__file__).resolve().parents[2]
MEGABYTE = 1024 * 1024
FIRST_RUN_MEGABYTES = 300  # an empty cluster takes 40, its log and the demo the rest
ROOMY_MEGABYTES = 1024
LONGEST_SOCKET = 100  # bytes; sun_path holds 104 on macOS, 108 on Linux
SOCKET_NAME = ".s.PGSQL.5432"
THROWAWAY = "muster-throwaway"
MEMORY = Path("/dev/shm")


def var_directory() -> Path:
    return Path(os.environ.get("MUSTER_VAR") or ROOT / "var").resolve()


def shown(path: Path) -> str:
    """The path as a person in the checkout would write it."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def make_directory(path: Path) -> Path:
    """Raises LauncherError if it cannot be made or written."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LauncherError(f"cannot create {path}: {error.strerror}.") from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise LauncherError(f"cannot write to {path}: it belongs to another user or is read-only.")
    return path


def require_space(path: Path, megabytes: int) -> None:
    free = shutil.disk_usage(path).free // MEGABYTE
    if free < megabytes:
        raise LauncherError(f"the disk of {path} is full: {free} MB are free, {megabytes} MB are needed.")


@contextlib.contextmanager
def held_lock(var: Path) -> Iterator[None]:
    """Only one launcher works on a `var` folder. The kernel drops the lock with the process, however that ends."""
    path = var / "run.lock"
    try:
        handle = path.open("a+")
    except OSError as error:
        raise LauncherError(f"cannot write {path}: {error.strerror}.") from None
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            handle.seek(0)
            pid = handle.read().strip() or "unknown"
            raise LauncherError(f"Muster is already running here (process {pid}). Stop that one first.") from None
        handle.truncate(0)
        handle.write(f"{os.getpid()}\n")
        handle.flush()
        try:
            yield
        finally:
            handle.truncate(0)


def socket_directory(var: Path, *, shared: bool) -> Path:
    """A short private directory, the same for every run of this `var`, so that `var/dev.env` keeps its value.

    `shared`: another user than we will write there, so the per-user runtime folder will not do.
    """
    name = f"muster-{hashlib.sha256(str(var).encode()).hexdigest()[:8]}"
    own = os.environ.get("XDG_RUNTIME_DIR")
    for base in [*([Path(own)] if own and not shared else []), Path("/tmp"), Path(tempfile.gettempdir())]:
        if not os.access(base, os.W_OK | os.X_OK) or not fits_socket(base / name):
            continue
        try:
            (base / name).mkdir(mode=0o700)
        except FileExistsError:
            if not is_private(base / name):
                return Path(tempfile.mkdtemp(prefix="muster-", dir=base))
        return base / name
    raise LauncherError("no short writable directory for unix sockets: set TMPDIR to one, such as /tmp.")


def fits_socket(directory: Path) -> bool:
    return len(os.fsencode(directory / SOCKET_NAME)) < LONGEST_SOCKET and " " not in str(directory)


def is_private(path: Path) -> bool:
    """A real directory that nobody else can write. Root also takes one that it handed to another user before."""
    facts = path.lstat()
    owned = facts.st_uid == os.getuid() or os.getuid() == 0
    return stat.S_ISDIR(facts.st_mode) and owned and not facts.st_mode & 0o022


@contextlib.contextmanager
def throwaway_directory() -> Iterator[Path]:
    """A directory for data nobody needs tomorrow, in memory where there is room; gone afterwards."""
    base = throwaway_base()
    sweep(base)
    path = Path(tempfile.mkdtemp(prefix=f"{THROWAWAY}-{os.getpid()}-", dir=base))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def throwaway_base() -> Path:
    if sys.platform == "linux" and os.access(MEMORY, os.W_OK | os.X_OK):
        if shutil.disk_usage(MEMORY).free >= ROOMY_MEGABYTES * MEGABYTE:
            return MEMORY
    temporary = Path(tempfile.gettempdir())
    base = temporary if fits_socket(temporary / f"{THROWAWAY}-1234567-12345678" / "s") else Path("/tmp")
    require_space(base, FIRST_RUN_MEGABYTES)
    return base


def sweep(base: Path) -> None:
    """Remove what launchers left that were killed before they could."""
    for path in base.glob(f"{THROWAWAY}-*"):
        found = re.fullmatch(rf"{THROWAWAY}-(\d+)-\w+", path.name)
        if found and not is_alive(int(found.group(1))):
            shutil.rmtree(path, ignore_errors=True)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
