"""A Celery worker as a process of its own, on the suite's database and Valkey, and an APNs stand-in for it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.core.servers.basehttp import WSGIRequestHandler
from django.db import connection
from redis import Redis

from onboarding.simulation.apns import ApnsStandIn, running_apns
from onboarding.simulation.certificates import PushCredentials
from tests.factories.broker import tasks_go_to

TOPIC = "com.apple.mgmt.External.integration"
REDIS_DB = 8 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 8  # the other tests empty theirs

StartWorker = Callable[[], "Worker"]


class Worker:
    """The process and its children."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        command = [sys.executable, "-m", "celery", "-A", "config", "worker", "-c", "1", "--without-mingle"]
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [*command, "--without-gossip", "-n", f"{log.stem}@here"],
                env=environment,
                cwd=settings.BASE_DIR,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def kill(self) -> None:
        """As the kernel does it when memory runs out: nothing is finished or handed back."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=10)


@pytest.fixture(autouse=True)
def _prompt_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """The live server sends headers and body apart; the kernel does not keep the body until the headers have arrived.

    And a connection to it keeps its connection to the database from one request to the next.
    """
    monkeypatch.setattr(WSGIRequestHandler, "disable_nagle_algorithm", True)
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 60)


@pytest.fixture(scope="session")
def apns_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("apns")


@pytest.fixture
def apns(apns_directory: Path) -> Iterator[ApnsStandIn]:
    with running_apns(apns_directory) as apns:
        yield apns


@pytest.fixture
def push_credentials(apns: ApnsStandIn) -> PushCredentials:
    return apns.root.new_push_credentials(topic=TOPIC)


@pytest.fixture
def redis_url() -> Iterator[str]:
    """A numbered database of the suite's Valkey that this test has for itself."""
    base = settings.REDIS_URL.partition("?")[0]
    if base.startswith("unix://"):
        url = f"{base}?db={REDIS_DB}"
    else:
        url = urlunsplit(urlsplit(base)._replace(path=f"/{REDIS_DB}"))
    client = Redis.from_url(url)
    client.flushdb()
    yield url
    client.flushdb()
    client.close()


@pytest.fixture
def _real_broker(redis_url: str) -> Iterator[None]:
    """Tasks of this process go to the worker instead of being run in place."""
    with tasks_go_to(redis_url.replace("unix://", "redis+socket://").replace("?db=", "?virtual_host=")):
        yield


@pytest.fixture
def start_worker(
    transactional_db: None, _real_broker: None, redis_url: str, apns: ApnsStandIn, tmp_path: Path
) -> Iterator[StartWorker]:
    """Starts workers; they are killed at the end."""
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings.base",
        "DATABASE_URL": urlunsplit(database),
        "REDIS_URL": redis_url,
        "SECRET_KEY": settings.SECRET_KEY,  # profiles that the web process makes are the worker's too
        "APNS_HOST": "127.0.0.1",
        "APNS_PORT": str(apns.apns_port),
        "APNS_CA_FILE": str(apns.root.certificate_path),
        "FAN_OUT_SLICE": "2",
    }
    workers: list[Worker] = []

    def start_worker() -> Worker:
        workers.append(Worker(environment, tmp_path / f"worker{len(workers)}.log"))
        return workers[-1]

    yield start_worker
    for worker in workers:
        worker.kill()
