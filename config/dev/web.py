"""What the launcher needs of the network: ports, and small questions to the server it started."""

import errno
import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from config.dev.console import LauncherError

ANSWER_SECONDS = 3
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def require_free_port(host: str, port: int) -> None:
    """Raises LauncherError that says what to do instead."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except socket.gaierror:
        raise LauncherError(f"HOST={host} is not an address of this machine.") from None
    except OSError as error:
        raise LauncherError(port_trouble(host, port, error)) from None


def port_trouble(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        another = port + 1 if port < 65535 else 8000
        return f"port {port} is in use by another program: choose another, such as `make run PORT={another}`."
    if error.errno == errno.EACCES:
        return f"port {port} is reserved for root: choose one above 1023, such as `make run PORT=8000`."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"HOST={host} is not an address of this machine."
    return f"cannot listen on {host}:{port}: {error.strerror}."


def free_ports(count: int) -> list[int]:
    """Different ports of the loopback that nobody listens on at the moment."""
    with ExitStack() as stack:
        held = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [int(one.getsockname()[1]) for one in held]


def kept_port(file: Path) -> int:
    """The port that the file names, if nobody listens on it; else another one, which the file names from now on."""
    try:
        port = int(file.read_text())
        if not 0 < port < 65536:
            raise ValueError(f"{port} is no port.")
        socket.create_server(("127.0.0.1", port)).close()
    except (OSError, ValueError):
        port = free_ports(1)[0]
        file.write_text(str(port))
    return port


def is_listening(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def ask_json(url: str, headers: Mapping[str, str] | None = None) -> tuple[int, Any]:
    """Status and decoded body; (0, None) if nothing answers, body None if it is not JSON."""
    request = urllib.request.Request(url, headers=dict(headers or {}))
    try:
        with _direct.open(request, timeout=ANSWER_SECONDS) as answer:
            return answer.status, decoded(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, decoded(error.read())
    except OSError:
        return 0, None


def decoded(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def every(seconds: float, question: Callable[[], bool]) -> Callable[[], bool]:
    """The question, asked at most once in so many seconds; False in between."""
    next_time = 0.0

    def ask_now_and_then() -> bool:
        nonlocal next_time
        if time.monotonic() < next_time:
            return False
        answer = question()
        next_time = time.monotonic() + seconds
        return answer

    return ask_now_and_then
