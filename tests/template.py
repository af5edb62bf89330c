"""A database that a run's workers and benchmarks copy: the migrations are played once, while the workers collect."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django
import psycopg
from django.core.management import call_command
from django.db import connection
from psycopg import sql

from config.dev.places import ROOT

NAME, LOCK = "DATABASE_TEMPLATE", "DATABASE_TEMPLATE_LOCK"  # variables, which workers and benchmarks inherit


@contextmanager
def being_made(folder: Path) -> Iterator[None]:
    """Until it ends, one way or another, the process that makes it holds a lock."""
    name, lock = f"muster_template_{os.getpid()}", folder / "lock"
    os.environ.update({NAME: name, LOCK: str(lock)})
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        command = [sys.executable, "-m", "tests.template", name]
        process = subprocess.Popen(command, cwd=ROOT, pass_fds=[held.fileno()], stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait()
        with server() as connected:
            for each in (name, _unfinished(name)):
                connected.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(each)))


def wait_for_it() -> str:
    """Its name. Empty if this run has none or it could not be made: who migrates then hears why."""
    if NAME not in os.environ:
        return ""
    with Path(os.environ[LOCK]).open() as file:
        fcntl.flock(file, fcntl.LOCK_SH)
    with server() as connected:
        found = connected.execute("SELECT datname FROM pg_database WHERE datname = %s", [os.environ[NAME]]).fetchone()
    return str(found[0]) if found else ""


@contextmanager
def server() -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as connected:
        yield connected


def _unfinished(name: str) -> str:
    return f"{name}_unfinished"


def _make(name: str) -> None:
    unfinished = sql.Identifier(_unfinished(name))
    with server() as connected:
        connected.execute(sql.SQL("CREATE DATABASE {}").format(unfinished))
        connection.settings_dict["NAME"] = _unfinished(name)
        call_command("migrate", verbosity=0)
        connection.close()
        connected.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(unfinished, sql.Identifier(name)))


if __name__ == "__main__":
    django.setup()
    _make(sys.argv[1])
