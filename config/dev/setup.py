"""Make `.venv` from the hashed lock: `python3 config/dev/setup.py`.

Runs before anything is installed, under the machine's own Python, so it imports nothing of ours.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

UV = "uv==0.13.9"
ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / ".muster-setup"
LOCK = ROOT / "requirements" / "dev.txt"
FIRST_SETUP_MEGABYTES = 600
# uv does not read pip's configuration; a machine that points pip at a mirror means uv as well.
UV_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
}


class SetupError(Exception):
    """One sentence; `details` quotes the tool that failed."""

    def __init__(self, message: str, details: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.details = details


def main() -> int:
    try:
        set_up()
    except SetupError as error:
        for line in error.details:
            sys.stderr.write(f"  {line}\n")
        sys.stderr.write(f"muster: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def set_up() -> None:
    wanted = fingerprint()
    if STAMP.exists() and STAMP.read_text() == wanted and PYTHON.exists():
        return
    if not PYTHON.exists() or moved():
        create_environment()
    say("Installing the packages of requirements/dev.txt …")
    if not has_uv():
        run([PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", UV], "installing uv")
    command: list[str | Path] = [
        VENV / "bin" / "uv",
        "pip",
        "sync",
        "--quiet",
        "--require-hashes",
        "--no-build",
        "--python",
        PYTHON,
        LOCK,
    ]
    run(command, "installing the packages", {**os.environ, **mirrors()})
    STAMP.write_text(wanted)


def fingerprint() -> str:
    """What the environment was made from: another lock, another uv or another folder makes it stale."""
    try:
        lock = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    except OSError as error:
        raise SetupError(f"cannot read {LOCK}: {error.strerror}.") from None
    return f"{lock}\n{UV}\n{ROOT}\n"


def moved() -> bool:
    """Whether the folder was moved since: the scripts of an environment name its old place."""
    return STAMP.exists() and f"\n{ROOT}\n" not in STAMP.read_text()


def create_environment() -> None:
    try:
        __import__("ensurepip")
        __import__("venv")
    except ImportError:
        raise SetupError("this Python cannot make environments: install python3-venv (Debian, Ubuntu).") from None
    if not os.access(ROOT, os.W_OK):
        raise SetupError(f"cannot write to {ROOT}: it belongs to another user or is read-only.")
    free = shutil.disk_usage(ROOT).free // (1024 * 1024)
    if free < FIRST_SETUP_MEGABYTES:
        raise SetupError(f"the disk of {ROOT} is full: {free} MB are free, {FIRST_SETUP_MEGABYTES} MB are needed.")
    say(f"Creating .venv with Python {sys.version.split()[0]} …")
    run([sys.executable, "-m", "venv", "--clear", VENV], "creating .venv")


def has_uv() -> bool:
    uv = VENV / "bin" / "uv"
    if not uv.exists():
        return False
    done = subprocess.run([uv, "--version"], capture_output=True, text=True)
    return done.stdout.split()[1:2] == [UV.partition("==")[2]]


def mirrors() -> dict[str, str]:
    """uv's names for what pip is configured with, as far as uv is told nothing itself."""
    listed = subprocess.run([PYTHON, "-m", "pip", "config", "list"], capture_output=True, text=True).stdout
    found: dict[str, str] = {}
    for line in listed.splitlines():
        name, _, quoted = line.partition("=")
        variable = UV_NAMES.get(name.rpartition(".")[2])
        value = re.sub(r"\\n|\s+", " ", quoted.strip("'\"")).strip()
        if variable and value and variable not in os.environ:
            found[variable] = value.replace(" ", ",") if variable == "UV_FIND_LINKS" else value
    if "UV_INDEX" in found:
        found["UV_INDEX_STRATEGY"] = "unsafe-best-match"  # as pip chooses; the hashes decide what is accepted
    return found


def run(command: Sequence[str | Path], purpose: str, environment: Mapping[str, str] | None = None) -> None:
    try:
        done = subprocess.run(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=environment,
        )
    except OSError as error:
        raise SetupError(f"{purpose} failed: {error.strerror}.") from None
    if "No space left on device" in done.stdout:
        raise SetupError(f"{purpose} failed: the disk is full.")
    if done.returncode != 0:
        raise SetupError(f"{purpose} failed; above is what it said.", done.stdout.splitlines()[-12:])


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
