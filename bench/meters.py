"""What processes cost: CPU seconds from /proc (Linux), summed over a process and everything below it."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from django.db import connection

TICK = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class _Process:
    parent: int
    seconds: float  # its own and that of its children that have ended


def tree_seconds(root: int) -> float:
    """CPU seconds (user and system) of a process and its descendants, ended ones included."""
    processes = {pid: process for pid in _pids() if (process := _read(pid)) is not None}
    family = {root}
    grown = True
    while grown:
        below = {pid for pid, process in processes.items() if process.parent in family}
        grown = not below <= family
        family |= below
    return sum(processes[pid].seconds for pid in family if pid in processes)


def peak_memory(root: int) -> int:
    """Bytes that a process and its children have held in memory at most, each at its own worst moment."""
    family = [root, *(pid for pid in _pids() if (process := _read(pid)) is not None and process.parent == root)]
    return sum(_peak(pid) for pid in family)


def postmaster() -> int:
    """The process id of this machine's PostgreSQL server: the parent of our own back end."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        process = _read(cursor.fetchone()[0])
    if process is None:
        raise SystemExit("bench: PostgreSQL runs on another machine: its CPU time cannot be seen from here.")
    return process.parent


def _pids() -> Iterable[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _peak(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def _read(pid: int) -> _Process | None:
    """None if it has ended. Fields as in proc_pid_stat(5), counted from behind the command's name."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return _Process(parent=int(fields[1]), seconds=sum(map(int, fields[11:15])) * TICK)
