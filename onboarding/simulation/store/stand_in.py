"""The stand-in as a whole: an HTTP server, its catalogue, and what tests and operators hold in hand."""

import errno
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from http.server import ThreadingHTTPServer
from typing import Any

from onboarding.simulation.apns import PortTaken
from onboarding.simulation.store.catalogue import CATALOGUE, AppRecord
from onboarding.simulation.store.faults import Fault, FaultBook
from onboarding.simulation.store.handler import LOOKUP_PATH, Asked, StoreHandler

__all__ = ["LOOKUP_PATH", "StoreStandIn", "running_store"]
MAX_REMEMBERED = 10_000
CHANGEABLE = {"name", "version", "price", "developer", "description", "minimum_os", "updated", "countries", "extras"}


class StoreStandIn:
    """Everything may be called from any thread."""

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0) -> None:
        """Port 0 picks a free one."""
        self.host, self.port = host, port
        self.apps: dict[str, AppRecord] = {}
        self.asked: list[Asked] = []
        self.stopping = threading.Event()
        self._faults = FaultBook()
        self._lock = threading.Lock()
        self._server: ThreadingHTTPServer | None = None
        self.reset()

    @property
    def url(self) -> str:
        """Of the look-up, as the setting STORE_URL wants it."""
        return f"{self.base_url}{LOOKUP_PATH}"

    @property
    def base_url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def start(self) -> None:
        """Listen. Raises PortTaken."""
        handler = type("Handler", (StoreHandler,), {"store": self})
        try:
            server = ThreadingHTTPServer((self.host, self.port), handler)
        except OSError as error:
            why = "another program uses it" if error.errno == errno.EADDRINUSE else str(error)
            raise PortTaken(f"Port {self.port} on {self.host} cannot be used: {why}.") from error
        server.daemon_threads, server.block_on_close = True, False
        self.port, self._server = int(server.server_address[1]), server
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        self.stopping.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    # For tests and operators

    def reset(self) -> None:
        """The catalogue as it was, no faults, nothing asked."""
        with self._lock:
            self.apps = {app.id: app for app in CATALOGUE}
            self.asked.clear()
            self._faults.clear()

    def misbehave(self, fault: Fault, *, app_id: str | None = None) -> None:
        """For one app, or for all."""
        with self._lock:
            self._faults.set(fault, app_id)

    def behave(self) -> None:
        with self._lock:
            self._faults.clear()

    def change(self, app_id: str, **fields: Any) -> AppRecord:
        """From now on the store says this of the app. Raises ValueError if there is no such app or field."""
        unknown = set(fields) - CHANGEABLE
        if unknown or app_id not in self.apps:
            raise ValueError(f"No app {app_id}." if not unknown else f"Cannot change {', '.join(sorted(unknown))}.")
        with self._lock:
            self.apps[app_id] = replace(self.apps[app_id], **fields)
            return self.apps[app_id]

    def withdraw(self, app_id: str) -> None:
        """The store lists the app no more."""
        with self._lock:
            self.apps.pop(app_id, None)

    def state(self) -> dict[str, Any]:
        with self._lock:
            faults = [{"app_id": key, **asdict(fault)} for key, fault in self._faults.in_force()]
            apps = {app.id: {"name": app.name, "version": app.version} for app in self.apps.values()}
            return {"asked": len(self.asked), "faults": faults, "apps": apps}

    # For the handler

    def take(self, asked: Asked) -> Fault:
        """Notes the request; the fault that hits it."""
        with self._lock:
            self.asked.append(asked)
            del self.asked[:-MAX_REMEMBERED]
            return self._faults.take(asked.app_id)

    def sold(self, asked: Asked) -> AppRecord | None:
        """The app, if that store lists it."""
        app = self.apps.get(asked.app_id)
        if app is None or asked.platform not in app.platforms:
            return None
        return app if not app.countries or asked.country in app.countries else None


@contextmanager
def running_store(*, port: int = 0) -> Iterator[StoreStandIn]:
    """A stand-in that runs as long as the block does."""
    store = StoreStandIn(port=port)
    store.start()
    try:
        yield store
    finally:
        store.stop()
