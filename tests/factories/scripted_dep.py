"""A device assignment service that answers what a test says, also what the stand-in never would."""

import json
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from onboarding.clients.apple_dep import DepCredentials

CREDENTIALS = DepCredentials("CK_key", "CS_secret", "AT_token", "AS_secret")


@dataclass
class Told:
    method: str
    path: str
    headers: dict[str, str]  # names in lower case
    body: Any


@dataclass
class ScriptedDep:
    """Each path's answers are given in turn, the last of them for ever; sessions begin by themselves."""

    port: int = 0
    asked: list[Told] = field(default_factory=list)
    answers: dict[str, deque[tuple[int, bytes, dict[str, str]]]] = field(default_factory=lambda: defaultdict(deque))
    sessions: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def say(self, path: str, body: object = None, status: int = 200, **headers: str) -> None:
        """`body`: bytes as they are, all else as JSON. `Retry_After` is the header Retry-After."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answers[path].append((status, content, {name.replace("_", "-"): each for name, each in headers.items()}))

    def calls(self, path: str) -> list[Told]:
        return [each for each in self.asked if each.path.split("?")[0] == path]

    def answer(self, told: Told) -> tuple[int, bytes, dict[str, str]]:
        self.asked.append(told)
        path = told.path.split("?")[0]
        planned = self.answers[path]
        if path == "/session" and not planned:
            self.sessions += 1
            return 200, json.dumps({"auth_session_token": f"session-{self.sessions}"}).encode(), {}
        if not planned:
            return 404, b"", {}
        return planned[0] if len(planned) == 1 else planned.popleft()


@contextmanager
def running_scripted_dep() -> Iterator[ScriptedDep]:
    dep = ScriptedDep()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            told = Told(self.command, self.path, headers, json.loads(content) if content else None)
            status, body, extra = dep.answer(told)
            self.send_response_only(status)
            for name, value in {**extra, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PUT = do_DELETE = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        dep.port = server.server_address[1]
        Thread(target=server.serve_forever, daemon=True, kwargs={"poll_interval": 0.01}).start()
        try:
            yield dep
        finally:
            server.shutdown()
