"""The Celery application. Tasks only nudge: what must happen is in PostgreSQL, and beat sweeps what got lost."""

import os
import time
from typing import Any

import structlog
from celery import Celery
from celery.signals import worker_ready
from django.core.cache import cache
from django_structlog.celery.steps import DjangoStructLogInitStep
from kombu.exceptions import LimitExceeded, OperationalError
from kombu.pools import producers

log = structlog.get_logger(__name__)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")

WORKER_HEARTBEAT_KEY = "worker-heartbeat"
WORKER_HEARTBEAT_LIFE = 90  # seconds; beat sends one every 15

app = Celery("muster")
app.set_default()  # for every thread of a web process
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)  # task ids in the worker's logs


PATIENCE = 1  # seconds that a caller of the API waits for a broker that is away
IMPATIENT = {"socket_connect_timeout": PATIENCE, "socket_timeout": PATIENCE, "max_retries": 0}


def publish(task: Any, *arguments: str) -> bool:
    """Sends a task from inside a request; False, soon, if no broker takes it."""
    pool = producers[app.connection_for_write(transport_options=IMPATIENT)]
    try:
        with pool.acquire(block=True, timeout=PATIENCE) as producer:
            task.apply_async(arguments, producer=producer)
    except (OperationalError, LimitExceeded) as error:
        log.warning("task_not_published", task=task.name, error=str(error))
        return False
    return True


@app.task(bind=True, name="config.worker_heartbeat", ignore_result=True, expires=60)
def worker_heartbeat(self: Any) -> None:
    """Proof for `/sys/ready` that a worker takes tasks that beat sends."""
    note_worker(self.request.hostname)


@worker_ready.connect
def note_started_worker(sender: Any, **_: Any) -> None:
    """A worker that has just started counts before beat's first task reaches it."""
    note_worker(sender.hostname)


def note_worker(name: str) -> None:
    cache.set(WORKER_HEARTBEAT_KEY, {"at": time.time(), "worker": name}, WORKER_HEARTBEAT_LIFE)
