"""Child processes that cannot outlive the launcher."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
_live: set[subprocess.Popen[bytes]] = set()


def die_with_parent(signal_number: int) -> Callable[[], None] | None:
    """A `preexec_fn` that has the kernel signal the child when we die, however we die. Linux only.

    Spawn from the main thread: the kernel's "parent" is the thread that forked.
    """
    libc, parent = _libc, os.getpid()
    if libc is None:
        return None

    def ask_the_kernel() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
        if os.getppid() != parent:  # it died before we asked
            os.kill(os.getpid(), signal.SIGKILL)

    return ask_the_kernel


def spawn(
    command: Sequence[str | Path],
    *,
    output: int | IO[bytes],
    death_signal: int = signal.SIGTERM,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
    uid: int | None = None,
    gid: int | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own (the terminal's Ctrl-C is ours to pass on), stderr joined to `output`."""
    process = subprocess.Popen(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=dict(os.environ if environment is None else environment),
        cwd=directory,
        start_new_session=True,
        user=uid,
        group=gid,
        extra_groups=None if uid is None else [],
        preexec_fn=die_with_parent(death_signal),
    )
    _live.add(process)
    return process


def stop(process: subprocess.Popen[bytes], signal_number: int, seconds: float) -> bool:
    """Ask the process to end and wait; afterwards nothing of its session is left. False if it had to be killed."""
    deadline = time.monotonic() + seconds
    ask(process, signal_number)
    try:
        process.wait(timeout=max(0.0, deadline - time.monotonic()))
        willing = True
    except subprocess.TimeoutExpired:
        willing = False
    bury(process)
    return willing


def ask(process: subprocess.Popen[bytes], signal_number: int) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal_number)


def bury(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the process's session and collect it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    _live.discard(process)


def kill_everything() -> None:
    """The hard way out of a second Ctrl-C."""
    for process in _live:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def ending(process: subprocess.Popen[bytes]) -> str:
    code = process.poll() or 0
    if code < 0:
        return f"was killed (signal {-code})" if code == -signal.SIGKILL else f"ended by signal {-code}"
    return f"ended with exit code {code}"
