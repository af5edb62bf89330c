"""A worker process for one job, which says what it took: `python -m bench.worker fan_out ID`, `push`.

Django is set up by the environment that the bench gives it. The first line it writes is the result as JSON.
"""

import json
import resource
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass

import django
from django.utils.module_loading import import_string

# Imported when Django is set up; and how to read what each is given.
JOBS: dict[str, tuple[str, Callable[[str], object]]] = {
    "fan_out": ("commands.services.fan_out.fan_out", uuid.UUID),
    "turn_slot": ("commands.services.slots.turn_slot", int),
    "sync": ("apps_domain.services.licence_sync.sync_location", uuid.UUID),
    "dep_sync": ("onboarding.services.dep.syncing.work_off", uuid.UUID),
    "take_in": ("bench.seamless.take_in", str),
    "work_off": ("onboarding.services.seamless.working.work_off", uuid.UUID),
    "push": ("commands.apple.push.wake_due_devices", str),
}


@dataclass(frozen=True)
class Job:
    seconds: float
    cpu: float  # seconds of the worker
    peak: float  # MiB of memory the process ever held
    grown: float  # MiB more than before the job
    done: int


def in_another_process(*words: str) -> Job:
    done = subprocess.run([sys.executable, "-m", "bench.worker", *words], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"bench: the worker failed:\n{done.stderr[-2000:]}")
    return Job(**json.loads(done.stdout.splitlines()[-1]))


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(words: list[str]) -> None:
    django.setup()
    job, *given = words
    path, read = JOBS[job]
    work = import_string(path)
    before, began, cpu = _memory(), time.perf_counter(), time.process_time()
    done = work(*map(read, given)) or 0
    took, used = time.perf_counter() - began, time.process_time() - cpu
    sys.stdout.write(json.dumps(asdict(Job(took, used, _memory(), _memory() - before, done))) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
