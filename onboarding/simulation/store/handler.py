"""The stand-in's HTTP side: look-ups, icons, and orders from outside.

GET    /devices/apps/<id>    what a device that installs an app learns of it, in whatever country it is sold
GET    /control              what is sold, how often was asked, faults in force
PUT    /control/faults       put a fault in force: the fields of Fault, and `app_id` (absent: for all apps)
DELETE /control/faults       take all faults back
PUT    /control/apps/<id>    change what the store says of an app: {"version": "2.0"}
DELETE /control/apps/<id>    the store lists the app no more
POST   /control/reset        the catalogue as it was
"""

import json
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from onboarding.simulation.store.faults import Fault
from onboarding.simulation.store.lockup import icon, lockup

if TYPE_CHECKING:
    from onboarding.simulation.store.stand_in import StoreStandIn

LOOKUP_PATH = "/WebObjects/MZStorePlatform.woa/wa/lookup"
MAX_BODY_BYTES = 1024 * 1024
HUGE_BYTES = 200 * 1024 * 1024
HTML = b"<!DOCTYPE html><title>We'll be back</title><p>The store is being updated."
ODD: dict[str, Any] = {
    "name": 7, "bundleId": None, "artistName": ["x"], "genreNames": "Games", "deviceFamilies": {"iphone": 1},
    "artwork": "https://example.org/a.png", "url": "javascript:alert(1)", "description": "text", "offers": {"price": 1},
    "minimumOSVersion": 16.4, "latestVersionReleaseDate": "soon",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """A look-up that came in."""

    app_id: str
    country: str
    platform: str


class StoreHandler(BaseHTTPRequestHandler):
    """One request. `store` is set by the stand-in that it belongs to."""

    store: ClassVar["StoreStandIn"]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path == LOOKUP_PATH:
            self._look_up({name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()})
        elif path.startswith("/icons/"):
            self._icon(path.split("/")[2])
        elif path.startswith("/devices/apps/"):
            self._tell_device(path.rsplit("/", 1)[1])
        elif path == "/control":
            self._json(self.store.state())
        else:
            self._json({"error": f"There is no GET {path}."}, 404)

    def do_PUT(self) -> None:
        try:
            self._order(self._body())
        except (ValueError, TypeError) as error:
            self._json({"error": str(error)}, 400)

    def do_POST(self) -> None:
        if self.path != "/control/reset":
            return self._json({"error": f"There is no POST {self.path}."}, 404)
        self._body()
        self.store.reset()
        return self._json(self.store.state())

    def do_DELETE(self) -> None:
        if self.path == "/control/faults":
            self.store.behave()
        elif self.path.startswith("/control/apps/"):
            self.store.withdraw(self.path.rsplit("/", 1)[1])
        else:
            return self._json({"error": f"There is no DELETE {self.path}."}, 404)
        return self._json(self.store.state())

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the console belongs to the server."""

    # Look-ups

    def _look_up(self, query: dict[str, str]) -> None:
        if query.get("p") != "mdm-lockup" or query.get("version") != "2" or not query.get("id"):
            return self._json({"error": "p=mdm-lockup, version=2 and an id are needed."}, 400)
        asked = Asked(query["id"], query.get("cc", "us").lower(), query.get("platform", ""))
        fault = self.store.take(asked)
        if fault.delay and self.store.stopping.wait(fault.delay):
            return None
        if fault.answer == "cut":
            return self._cut()
        if fault.answer == "endless":
            return self._endless()
        if fault.answer == "huge":
            return self._huge()
        if fault.answer or fault.status != 200:
            return self._wrong(fault, asked)
        return self._json({"results": self._results(asked), "version": 2, "isAuthenticated": False})

    def _results(self, asked: Asked) -> dict[str, Any]:
        app = self.store.sold(asked)
        return {} if app is None else {app.id: lockup(app, country=asked.country, base_url=self.store.base_url)}

    def _wrong(self, fault: Fault, asked: Asked) -> None:
        if fault.answer == "wrong_id":
            other = {"id": "1", "name": "Another app"}
            return self._json({"results": {"1": other}, "version": 2}, fault.status)
        if fault.answer == "odd":
            return self._json({"results": {asked.app_id: {"id": asked.app_id, **ODD}}, "version": 2}, fault.status)
        kind, body = ("text/html", HTML) if fault.answer == "html" else ("application/json", b"")
        return self._send(body, kind, fault.status)

    def _cut(self) -> None:
        self._head("application/json", 10_000)
        self.wfile.write(b'{"results": {')
        self.close_connection = True

    def _endless(self) -> None:
        """A byte now and then, for as long as anybody listens."""
        self._head("application/json", HUGE_BYTES)
        while not self.store.stopping.wait(0.05):
            try:
                self.wfile.write(b" ")
            except OSError:
                break
        self.close_connection = True

    def _huge(self) -> None:
        self._head("application/json", HUGE_BYTES)
        self.close_connection = True
        try:
            for _ in range(HUGE_BYTES // 65536):
                self.wfile.write(b" " * 65536)
        except OSError:
            pass  # the caller has had enough

    def _icon(self, app_id: str) -> None:
        app = self.store.apps.get(app_id)
        if app is None:
            return self._json({"error": "No such icon."}, 404)
        return self._send(icon(app), "image/png")

    def _tell_device(self, app_id: str) -> None:
        app = self.store.apps.get(app_id)
        if app is None:
            return self._json({"error": "The store has no such app."}, 404)
        told = {"bundle_id": app.bundle_id, "name": app.name, "version": app.version, "size": app.size}
        return self._json({**told, "minimum_os": app.minimum_os, "families": list(app.families)})

    # Orders

    def _order(self, fields: dict[str, Any]) -> None:
        if self.path == "/control/faults":
            app_id = fields.pop("app_id", None)
            self.store.misbehave(Fault.from_json(fields), app_id=app_id)
        elif self.path.startswith("/control/apps/"):
            self.store.change(self.path.rsplit("/", 1)[1], **fields)
        else:
            return self._json({"error": f"There is no PUT {self.path}."}, 404)
        return self._json(self.store.state())

    def _body(self) -> dict[str, Any]:
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 <= length <= MAX_BODY_BYTES:
            raise ValueError("The body is too long.")
        fields = json.loads(self.rfile.read(length) or b"{}")
        if not isinstance(fields, dict):
            raise ValueError("The body is a JSON object.")
        return fields

    # Answers

    def _json(self, content: dict[str, Any], status: int = 200) -> None:
        self._send(json.dumps(content).encode(), "application/json", status)

    def _send(self, body: bytes, kind: str, status: int = 200) -> None:
        self._head(kind, len(body), status)
        self.wfile.write(body)

    def _head(self, kind: str, length: int, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        self.end_headers()
