"""The HTTP face of the stand-in: Apple's paths below /mdm/v2, what devices ask, and orders to it below /control.

GET    /devices/<serial>/<adam id>   whether a device holds a licence of an app, of whichever location
GET    /control            libraries, counters, faults in force
GET    /control/token      the .vpptoken file of the first library
PUT    /control/faults     put a fault in force: the fields of Fault
DELETE /control/faults     take all faults back
POST   /control/settle     do now what was put off: events, notifications
POST   /control/assets     what the first library owns: the fields of Asset; tells of it by ASSET_COUNT
POST   /control/assign     {"adam_id", "serial"}: by somebody else; /control/unassign takes it back
POST   /control/mdm        {"id", "name"}: another server takes the location
POST   /control/token      {"number": 9625}: refuse its token so; {} takes it again
POST   /control/notify     {"type", "notification"}: send a notification
"""

import json
import re
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from onboarding.simulation.vpp.faults import Fault
from onboarding.simulation.vpp.library import Refused

API = "/mdm/v2"
MAX_BODY = 4 * 1024 * 1024
HUGE = 20 * 1024 * 1024
DEVICE = re.compile(r"/devices/(\w+)/(\d+)")
ENDPOINTS = {
    ("GET", "/service/config"): "service",
    ("GET", "/client/config"): "client",
    ("POST", "/client/config"): "claim",
    ("GET", "/assets"): "assets",
    ("GET", "/assignments"): "assignments",
    ("POST", "/assets/associate"): "associate",
    ("POST", "/assets/disassociate"): "disassociate",
    ("GET", "/status"): "status",
}
Document = dict[str, Any]


class Served(Protocol):
    def take_fault(self, endpoint: str) -> Fault: ...
    def answer(
        self, endpoint: str, authorization: str, query: dict[str, str], body: Document, fault: Fault
    ) -> Document: ...
    def order(self, method: str, path: str, body: Document) -> Document | bytes: ...
    def is_licensed(self, serial: str, adam_id: str) -> bool: ...


def handler_for(served: Served) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 60
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._serve()

        do_POST = do_PUT = do_DELETE = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: the caller counts."""

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            try:
                body = self._body()
            except ValueError:
                return self._send(400, {"errorNumber": 9602, "errorMessage": "Invalid argument."})
            if parts.path.startswith("/control"):
                return self._order(parts.path, body)
            if self.command == "GET" and (device := DEVICE.fullmatch(parts.path)):
                return self._send(200, {"licensed": served.is_licensed(device[1], device[2])})
            endpoint = ENDPOINTS.get((self.command, parts.path.removeprefix(API)))
            if endpoint is None:
                return self._send(404, {"errorNumber": 9602, "errorMessage": "No such path."})
            fault = served.take_fault(endpoint)
            if fault.delay:
                time.sleep(fault.delay)
            return self._answer(endpoint, fault, dict(parse_qsl(parts.query)), body)

        def _answer(self, endpoint: str, fault: Fault, query: dict[str, str], body: Document) -> None:
            headers = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
            if fault.drop:
                self.close_connection = True
                return None
            if fault.html or fault.huge:
                page = b"<html><body>Please log in.</body></html>" if fault.html else b" " * HUGE
                return self._write(fault.status or 200, page, "text/html", headers)
            if fault.refuses:
                told = {"errorMessage": fault.message}
                number = {} if fault.number is None else {"errorNumber": fault.number}
                return self._send(fault.status or 200, {**told, **number}, headers)
            try:
                answer = served.answer(endpoint, self.headers.get("Authorization", ""), query, body, fault)
            except Refused as refusal:
                return self._send(refusal.status, {"errorNumber": refusal.number, "errorMessage": refusal.message})
            if fault.lose:
                self.close_connection = True
                return None
            return self._send(200, answer, headers)

        def _order(self, path: str, body: Document) -> None:
            try:
                answer = served.order(self.command, path.removeprefix("/control"), body)
            except (ValueError, KeyError, TypeError) as error:
                return self._send(400, {"error": str(error)})
            if isinstance(answer, bytes):
                return self._write(200, answer, "application/octet-stream", {})
            return self._send(200, answer)

        def _body(self) -> Document:
            length = int(self.headers.get("Content-Length") or 0)
            if not 0 <= length <= MAX_BODY:
                raise ValueError("too long")
            found = json.loads(self.rfile.read(length)) if length else {}
            if not isinstance(found, dict):
                raise ValueError("not an object")
            return found

        def _send(self, status: int, document: Document, headers: dict[str, str] | None = None) -> None:
            self._write(status, json.dumps(document).encode(), "application/json", headers or {})

        def _write(self, status: int, body: bytes, content_type: str, headers: dict[str, str]) -> None:
            try:
                self.send_response(status)
                for name, value in {"Content-Type": content_type, **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                self.close_connection = True  # the caller went away

    return Handler


Order = Callable[[Document], Document | bytes]
