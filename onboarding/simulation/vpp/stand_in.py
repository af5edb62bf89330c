"""The stand-in as a whole: its server, its late work, and what tests and operators hold in hand."""

import base64
import binascii
import errno
import json
import os
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from onboarding.simulation.apns import PortTaken
from onboarding.simulation.vpp import answers
from onboarding.simulation.vpp.answers import Limits
from onboarding.simulation.vpp.courier import TRIES, deliver
from onboarding.simulation.vpp.faults import Fault, FaultBook
from onboarding.simulation.vpp.http import API, handler_for
from onboarding.simulation.vpp.library import Asset, Event, Library, Refused

Document = dict[str, Any]


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128


class VppStandIn:
    """Apps and Books for any number of locations. May be used from any thread.

    Events are done `event_seconds` after they were asked for; None: not before `settle`. With `notify` the outcome is
    also sent to the address that was given. `state_file` keeps the locations between two runs. Raises PortTaken.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        limits: Limits | None = None,
        event_seconds: float | None = 0.0,
        notify: bool = True,
        state_file: Path | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.event_seconds = event_seconds
        self.notify = notify
        self.libraries: dict[str, Library] = {}
        self.counters: Counter[str] = Counter()
        self.requests: list[tuple[str, Document]] = []  # kinds and bodies, as they came
        self.lock = threading.RLock()
        self._faults = FaultBook()
        self._state_file = state_file
        self._outbox: list[tuple[Library, Document]] = []
        self._changed = threading.Condition(self.lock)
        self._stopped = False
        self._restore()
        self._server = _listen(host, port, handler_for(self))
        self.host, self.port = host, int(self._server.server_address[1])
        self._threads = [
            threading.Thread(target=self._server.serve_forever, args=(0.01,), name="vpp-stand-in", daemon=True),
            threading.Thread(target=self._work, name="vpp-stand-in-events", daemon=True),
        ]

    @property
    def url(self) -> str:
        """What VPP_URL is to be."""
        return f"{self.base_url}{API}"

    @property
    def base_url(self) -> str:
        """What devices are given."""
        return f"http://{self.host}:{self.port}"

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()
        self._threads[1].join(timeout=0.3)

    # For tests and operators

    def add_library(self, library: Library) -> Library:
        with self.lock:
            return self.libraries.setdefault(library.token, library)

    def misbehave(self, **fault: Any) -> None:
        """The fields of Fault; until told otherwise."""
        with self.lock:
            self._faults.set(Fault(**fault))

    def behave(self) -> None:
        with self.lock:
            self._faults.clear()

    def settle(self) -> None:
        """Does all events and sends all notifications now, whatever their time."""
        self._run(due_before=float("inf"))

    def tell(self, library: Library, kind: str, notification: Document, *, id: str = "") -> bool:
        """Sends a notification; whether it was taken."""
        return self._deliver(
            library, {**_envelope(library, kind, notification), **({"notificationId": id} if id else {})}
        )

    # What the server calls

    def take_fault(self, endpoint: str) -> Fault:
        with self.lock:
            self.counters[endpoint] += 1
            return self._faults.take(endpoint)

    def answer(
        self, endpoint: str, authorization: str, query: dict[str, str], body: Document, fault: Fault
    ) -> Document:
        if endpoint == "service":
            return answers.service_config(self.limits, self.url)
        with self.lock:
            library = self._library(authorization)
            self.requests.append((endpoint, body or dict(query)))
        if endpoint == "claim":
            return self._claim(library, body)
        with self.lock:
            told = self._answer(library, endpoint, query, body)
            if fault.skip_page and "nextPageIndex" in told:
                told["nextPageIndex"] += 1
            if fault.drift:
                library.changed()
            return told

    def _answer(self, library: Library, endpoint: str, query: dict[str, str], body: Document) -> Document:
        if endpoint == "client":
            return answers.client_config(library)
        if endpoint == "assets":
            return answers.assets(library, query, self.limits)
        if endpoint == "assignments":
            return answers.assignments(library, query, self.limits)
        if endpoint == "status":
            return answers.status(library, query)
        due = time.monotonic() + (self.event_seconds if self.event_seconds is not None else 10**9)
        told = answers.manage(library, body, self.limits, endpoint.upper(), due)
        if self.event_seconds == 0:
            self._carry_out(library, library.events[told["eventId"]])
        self._save()
        self._changed.notify_all()
        return told

    def _claim(self, library: Library, body: Document) -> Document:
        """Without the lock: the address is tried, and may ask us something meanwhile."""

        def tried(url: str, token: str) -> bool:
            return deliver(url, token, _envelope(library, "TEST_NOTIFICATION", {}), tries=1)

        told = answers.claim(library, body, tried)
        with self.lock:
            self._save()
        return told

    def _library(self, authorization: str) -> Library:
        scheme, _, text = authorization.partition(" ")
        try:
            token = json.loads(base64.b64decode(text, validate=True))["token"]
        except (binascii.Error, ValueError, KeyError, TypeError):
            raise Refused(9722, 401, "The request contains an invalid authorization header.") from None
        library = self.libraries.get(token) if scheme == "Bearer" else None
        if library is None:
            raise Refused(9622, 401, "The token is invalid.")
        if library.refusal is not None:
            raise Refused(library.refusal[0], 401, library.refusal[1])
        if library.has_expired:
            raise Refused(9621, 401, "The token has expired.")
        return library

    # Late work

    def _work(self) -> None:
        while not self._stopped:
            self._run(due_before=time.monotonic())
            with self._changed:
                if not self._stopped and not self._outbox:
                    self._changed.wait(self._seconds_to_next())

    def _seconds_to_next(self) -> float:
        waits = [event.due - time.monotonic() for library in self.libraries.values() for event in _open(library)]
        return max(min(waits, default=60.0), 0.01) if waits else 60.0

    def _run(self, *, due_before: float) -> None:
        with self.lock:
            for library in self.libraries.values():
                for event in _open(library):
                    if event.due <= due_before:
                        self._carry_out(library, event)
            outbox, self._outbox = self._outbox, []
        for library, notification in outbox:
            self._deliver(library, notification)

    def _carry_out(self, library: Library, event: Event) -> None:
        self.counters["events"] += 1
        told = library.carry_out(event)
        if self.notify:
            self._outbox += [(library, _envelope(library, "ASSET_MANAGEMENT", each)) for each in told]
        self._save()

    def _deliver(self, library: Library, notification: Document) -> bool:
        given = library.notifications
        types = (*given.get("subscribedNotificationTypes", ()), "TEST_NOTIFICATION")
        if not given or notification["notificationType"] not in types:
            return False
        taken = deliver(given["notificationUrl"], given["notificationAuthToken"], notification, tries=TRIES)
        with self.lock:
            self.counters["notifications" if taken else "undelivered"] += 1
        return taken

    # What devices ask

    def is_licensed(self, serial: str, adam_id: str) -> bool:
        with self.lock:
            held = {(entry[0], entry[2]) for library in self.libraries.values() for entry in library.assignments}
            return (adam_id, serial) in held

    # Orders

    def order(self, method: str, path: str, body: Document) -> Document | bytes:
        """Raises ValueError, KeyError or TypeError when it makes no sense."""
        library = next(iter(self.libraries.values()))
        if (method, path) == ("GET", "/token"):
            return library.vpptoken
        if path == "/faults":
            self.behave() if method == "DELETE" else self.misbehave(**asdict(Fault.from_json(body)))
        elif path == "/settle":
            self.settle()
        elif path == "/notify":
            self.tell(library, body["type"], body.get("notification", {}), id=str(body.get("id", "")))
        elif path:
            self._change(library, path, body)
        return self.state()

    def _change(self, library: Library, path: str, body: Document) -> None:
        told: Document = {}
        with self.lock:
            if path == "/assets":
                asset = Asset(**body)
                before = library.assets.get((asset.adam_id, asset.pricing_param))
                library.own(asset)
                delta = (asset.total or 0) - ((before.total or 0) if before else 0)
                told = {"adamId": asset.adam_id, "pricingParam": asset.pricing_param, "countDelta": delta}
            elif path in ("/assign", "/unassign"):
                (library.assign if path == "/assign" else library.unassign)(body["adam_id"], body["serial"])
            elif path == "/mdm":
                library.mdm_info = {"id": body["id"], "name": body["name"], "metadata": "-"}
            elif path == "/token":
                library.refusal = (int(body["number"]), "The server has revoked the token.") if body else None
            else:
                raise ValueError(f"There is no /control{path}.")
            self._save()
        if told and told["countDelta"]:
            self.tell(library, "ASSET_COUNT", told)

    def state(self) -> Document:
        with self.lock:
            return {
                "url": self.url,
                "counters": dict(self.counters),
                "faults": [asdict(fault) for fault in self._faults.in_force()],
                "libraries": [
                    {name: value for name, value in library.saved().items() if name not in ("token", "notifications")}
                    for library in self.libraries.values()
                ],
            }

    # Between two runs

    def _restore(self) -> None:
        if self._state_file is None:
            return
        with suppress(OSError, ValueError, KeyError, TypeError):
            for saved in json.loads(self._state_file.read_text()):
                self.add_library(Library.restored(saved))

    def _save(self) -> None:
        if self._state_file is None:
            return
        draft = self._state_file.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps([library.saved() for library in self.libraries.values()]))
        os.replace(draft, self._state_file)


def _listen(host: str, port: int, handler: type[BaseHTTPRequestHandler]) -> Server:
    try:
        return Server((host, port), handler)
    except OSError as error:
        why = "another program uses it" if error.errno == errno.EADDRINUSE else str(error)
        raise PortTaken(f"Port {port} on {host} cannot be used: {why}.") from error


def _open(library: Library) -> list[Event]:
    return [event for event in library.events.values() if not event.done]


def _envelope(library: Library, kind: str, notification: Document) -> Document:
    told = {"notificationId": str(uuid.uuid4()), "notificationType": kind, "uId": library.uid}
    return {"notification": notification, **told}


@contextmanager
def running_vpp(**options: Any) -> Iterator[VppStandIn]:
    """A stand-in for as long as the block lasts; the options of VppStandIn."""
    stand_in = VppStandIn(**options)
    stand_in.start()
    try:
        yield stand_in
    finally:
        stand_in.stop()
