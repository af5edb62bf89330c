"""Tasks by a real broker instead of in place."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kombu import pools

from config import celery

app: Any = celery.app  # its stubs know less than it does


@contextmanager
def tasks_go_to(broker_url: str) -> Iterator[None]:
    """For as long as the block lasts; every connection from before is forgotten, and so are these afterwards."""
    before = {key: app.conf[key] for key in ("task_always_eager", "broker_url", "broker_write_url")}
    app.conf.update(task_always_eager=False, broker_url=broker_url, broker_write_url=broker_url)
    app._after_fork()
    try:
        yield
    finally:
        pools.reset()
        app.conf.update(before)
        app._after_fork()
