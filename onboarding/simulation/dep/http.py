"""The HTTP face of the stand-in: Apple's paths, what devices ask, and orders to it below /control.

GET    /devices/<serial>/profile      what Apple tells a device before its set-up; 404: nothing
POST   /devices/<serial>/certificate  its identity, from the test authority, for {"public_key": PEM}
GET    /control                       servers, counters, faults in force
GET    /control/authority             the certificate to trust devices by, PEM
POST   /control/token                 a .p7m for a public key (PEM, as it is uploaded at Apple); ends the one before
PUT    /control/faults                put a fault in force: the fields of Fault
DELETE /control/faults                take all faults back
POST   /control/devices               {"serial", "device_family"?, …}, or {"devices": […]} of such: gives it devices
POST   /control/fleet                 {"number", "seed"?}: the new devices of a fleet (simulate_fleet --ade, --seed)
POST   /control/remove                {"serials": […]}: takes them from it
POST   /control/stock                 {"number", "prefix"?}: many devices at once
POST   /control/results               {"result", "serials", "times"?}: THROTTLED, FAILED, NOT_ACCESSIBLE
POST   /control/server                {"accepts_terms"?, "denied"?, "expires_at"?, "name"?, "retry_after_seconds"?}
POST   /control/sessions              ends every session
POST   /control/clock                 {"seconds"}: how far the clock is ahead

An order is for the first server unless its query names another's uuid (?server=…).
"""

import json
import re
import time
from http.server import BaseHTTPRequestHandler
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

import orjson

from onboarding.simulation.dep.faults import Fault
from onboarding.simulation.dep.mdm_server import Document, Refused
from onboarding.simulation.dep.oauth import OAuthProblem

MAX_BODY = 16 * 1024 * 1024
HUGE = 48 * 1024 * 1024
DEVICE = re.compile(r"/devices/([\w.-]+)/(profile|certificate)")
ENDPOINTS = {
    ("GET", "/session"): "session",
    ("GET", "/account"): "account",
    ("POST", "/server/devices"): "fetch",
    ("POST", "/devices/sync"): "sync",
    ("POST", "/devices"): "details",
    ("POST", "/devices/disown"): "disown",
    ("POST", "/profile"): "define",
    ("GET", "/profile"): "profile",
    ("POST", "/profile/devices"): "assign",
    ("PUT", "/profile/devices"): "assign",
    ("DELETE", "/profile/devices"): "remove",
}


class Served(Protocol):
    def take_fault(self, endpoint: str) -> Fault: ...
    def answer(self, asked: "Asked", fault: Fault) -> "Told": ...
    def ask_for_device(self, serial: str, what: str, body: Document) -> Document | None: ...
    def order(self, asked: "Asked") -> Document | bytes: ...
    def now(self) -> float: ...


class Asked:
    """A request as it came."""

    def __init__(self, method: str, target: str, headers: Any, content: bytes) -> None:
        parts = urlsplit(target)
        self.method, self.path, self.query = method, parts.path, dict(parse_qsl(parts.query))
        self.endpoint = ENDPOINTS.get((method, parts.path), "")
        self.url = f"http://{headers.get('Host', '')}{target}"
        self.headers = headers
        self.content = content

    @property
    def body(self) -> Document:
        """Raises ValueError when it is no JSON object."""
        found = orjson.loads(self.content) if self.content else {}
        if not isinstance(found, dict):
            raise ValueError("The body is no JSON object.")
        return found


class Told:
    """An answer: what it says, and the session token that it carries."""

    def __init__(self, document: Document, session: str = "") -> None:
        self.document = document
        self.headers = {"X-ADM-Auth-Session": session} if session else {}


def handler_for(served: Served) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 60
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_GET(self) -> None:
            self._serve()

        do_POST = do_PUT = do_DELETE = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: the caller counts."""

        def date_time_string(self, timestamp: float | None = None) -> str:
            return super().date_time_string(int(served.now() if timestamp is None else timestamp))

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            if not 0 <= length <= MAX_BODY:
                self.close_connection = True
                return self._refuse(413, "MALFORMED_REQUEST_BODY")
            asked = Asked(self.command, self.path, self.headers, self.rfile.read(length))
            if asked.path.startswith("/control"):
                return self._order(asked)
            if device := DEVICE.fullmatch(asked.path):
                return self._device(asked, device[1], device[2])
            if not asked.endpoint:
                return self._refuse(404, "NOT_FOUND")
            fault = served.take_fault(asked.endpoint)
            if fault.delay:
                time.sleep(fault.delay)
            return self._answer(asked, fault)

        def _answer(self, asked: Asked, fault: Fault) -> None:
            if fault.drop:
                self.close_connection = True
                return None
            if fault.html or fault.huge:
                page = b"<html><body>Please log in.</body></html>" if fault.html else b" " * HUGE
                return self._write(fault.status or 200, page, "text/html", fault.headers)
            if fault.problem:
                return self._unauthorised(OAuthProblem(fault.problem))
            if fault.status is not None:
                return self._refuse(fault.status, fault.body, fault.headers)
            try:
                told = served.answer(asked, fault)
            except OAuthProblem as problem:
                return self._unauthorised(problem)
            except Refused as refusal:
                return self._refuse(refusal.status, refusal.code)
            if fault.lose:
                self.close_connection = True
                return None
            content = orjson.dumps(told.document)
            content = content[: len(content) // 2] if fault.garbled else content
            return self._write(200, content, "application/json;charset=UTF8", {**told.headers, **fault.headers})

        def _device(self, asked: Asked, serial: str, what: str) -> None:
            try:
                told = served.ask_for_device(serial, what, asked.body)
            except (ValueError, KeyError, TypeError):
                return self._refuse(400, "MALFORMED_REQUEST_BODY")
            if told is None:
                return self._refuse(404, "NOT_FOUND")
            return self._write(200, json.dumps(told).encode(), "application/json", {})

        def _order(self, asked: Asked) -> None:
            try:
                answer = served.order(asked)
            except (ValueError, KeyError, TypeError) as error:
                return self._write(400, json.dumps({"error": str(error)}).encode(), "application/json", {})
            if isinstance(answer, bytes):
                return self._write(200, answer, "application/octet-stream", {})
            return self._write(200, json.dumps(answer).encode(), "application/json", {})

        def _unauthorised(self, problem: OAuthProblem) -> None:
            """The word in the body and in the header that RFC 5849 wants."""
            told = f"oauth_problem={problem.problem}"
            header = {"WWW-Authenticate": f'OAuth realm="ADM", oauth_problem="{problem.problem}"'}
            self._refuse(problem.status, told, header)

        def _refuse(self, status: int, body: str, headers: dict[str, str] | None = None) -> None:
            self._write(status, body.encode(), "text/plain;charset=UTF8", headers or {})

        def _write(self, status: int, body: bytes, content_type: str, headers: dict[str, str]) -> None:
            try:
                self.send_response(status)
                for name, value in {"Content-Type": content_type, **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                self.wfile.flush()
            except OSError:
                self.close_connection = True  # the caller went away

    return Handler
