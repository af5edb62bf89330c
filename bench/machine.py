"""The facts of the machine and its settings, without which figures mean nothing."""

import datetime as dt
import os
import platform
from importlib.metadata import version
from pathlib import Path

from django.db import connection

from bench.tables import say

PACKAGES = ("django", "granian", "psycopg", "cryptography")
SETTINGS = ("fsync", "synchronous_commit", "full_page_writes", "shared_buffers", "work_mem", "max_wal_size")


def print_facts(command: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version')")
        postgres = cursor.fetchone()[0]
        cursor.execute("SELECT name, current_setting(name) FROM unnest(%s::text[]) name", [list(SETTINGS)])
        settings = ", ".join(f"{name}={value}" for name, value in cursor.fetchall())
    say(f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC  {command}")
    say(f"machine     {os.cpu_count()} cores, {_processor()}, {_memory()}, Linux {platform.release()}; {load()}")
    say(f"software    Python {platform.python_version()}, " + ", ".join(f"{name} {version(name)}" for name in PACKAGES))
    say(f"PostgreSQL  {postgres}: {settings}")
    say("            (nothing waits for a disk; the CPU time is that of a server that does)")


def load() -> str:
    return "load average " + " ".join(f"{value:.1f}" for value in os.getloadavg())


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return " ".join(line.partition(":")[2].split())
    return platform.machine()


def _memory() -> str:
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"
