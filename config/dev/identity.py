"""Whom PostgreSQL runs as. It refuses root, so root must become somebody else for it."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from config.dev.console import LauncherError
from config.dev.places import shown

NOBODY = "nobody"


@dataclass(frozen=True)
class Identity:
    """`uid` and `gid`: drop to them (None: stay who we are). `wrapper`: words before the command."""

    uid: int | None = None
    gid: int | None = None
    wrapper: tuple[str, ...] = ()

    def own(self, path: Path) -> None:
        """Give a directory that we made to the user who will work in it."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


MYSELF = Identity()


def identity_for(*, binaries: Path, data: Path) -> Identity | None:
    """Who can run `binaries` on `data` (which may not exist yet); None where nobody can.

    An existing cluster keeps its owner. Raises LauncherError if that is somebody we may not become.
    """
    owner = data.stat().st_uid if data.exists() else None
    if os.getuid() != 0:
        if owner not in (None, os.getuid()):
            raise LauncherError(
                f"{shown(data)} belongs to {user_name(owner or 0)}: start Muster as that user, "
                "or start over with `make clean`."
            )
        return MYSELF
    if owner:
        return Identity(uid=owner, gid=data.stat().st_gid)
    candidates = [mapped_root()] if owner == 0 else [dropped_root(), mapped_root()]
    able = (who for who in candidates if who and can_work(who, binaries=binaries, data=data))
    return next(able, None)


def dropped_root() -> Identity | None:
    try:
        nobody = pwd.getpwnam(NOBODY)
    except KeyError:
        return None
    return Identity(uid=nobody.pw_uid, gid=nobody.pw_gid)


def mapped_root() -> Identity | None:
    """Root under another name: a user namespace in which our files belong to "nobody" and so do we. Linux only.

    The name must be one of the machine's users: initdb looks it up.
    """
    unshare, nobody = shutil.which("unshare"), dropped_root()
    if not unshare or not nobody:
        return None
    return Identity(wrapper=(unshare, "--user", f"--map-user={nobody.uid}", f"--map-group={nobody.gid}", "--"))


def can_work(who: Identity, *, binaries: Path, data: Path) -> bool:
    """Whether that user can run the programs and enter the folder that will hold the data."""
    script = 'test -x "$1" && "$0/initdb" --version && "$0/postgres" --version'
    return succeeds([*who.wrapper, "/bin/sh", "-c", script, str(binaries), str(data.parent)], who)


def succeeds(command: list[str], who: Identity) -> bool:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=20,
            cwd="/",
            user=who.uid,
            group=who.gid,
            extra_groups=None if who.uid is None else [],
        )
    except (OSError, subprocess.SubprocessError):  # no right to change the user, or no such program
        return False
    return done.returncode == 0


def user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
