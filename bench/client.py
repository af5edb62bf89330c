"""A client in a process of its own that costs little: ready-made requests over lasting connections, one thread each.

Reads a pickled `Load` from standard input and writes what it took to standard output as JSON. Only the standard
library, so that it starts fast.
"""

import json
import pickle
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True)
class Exchange:
    """One request and what its answer's body must hold; empty: the body must be empty."""

    request: bytes
    expected: bytes


@dataclass(frozen=True)
class Load:
    port: int
    connections: int
    conversations: list[list[Exchange]]


@dataclass
class Took:
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)  # seconds of each exchange
    wrong: list[str] = field(default_factory=list)


def carry_out(load: Load) -> Took:
    took, waiting = Took(), deque(load.conversations)
    start = threading.Barrier(load.connections + 1)
    threads = [
        threading.Thread(target=_converse, args=(load.port, waiting, took, start)) for _ in range(load.connections)
    ]
    for thread in threads:
        thread.start()
    start.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    took.seconds = time.perf_counter() - began
    return took


def _converse(port: int, waiting: deque[list[Exchange]], took: Took, start: threading.Barrier) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        start.wait()
        while True:
            try:
                conversation = waiting.popleft()
            except IndexError:
                return
            for exchange in conversation:
                began = time.perf_counter()
                connection.sendall(exchange.request)
                status, body = _answer(connection)
                took.latencies.append(time.perf_counter() - began)
                if status != b"200" or exchange.expected not in body or (body and not exchange.expected):
                    took.wrong.append(f"{status.decode()}: {body[:200]!r}")


def _answer(connection: socket.socket) -> tuple[bytes, bytes]:
    """The status and the body, which comes with its length or in chunks."""
    received = connection.recv(65536)
    while b"\r\n\r\n" not in received:
        received += _more(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    length = head.lower().partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
    if not length:
        while not body.endswith(b"0\r\n\r\n"):
            body += _more(connection)
        return head.split(b" ", 2)[1], body.removesuffix(b"0\r\n\r\n")
    while len(body) < int(length):
        body += _more(connection)
    return head.split(b" ", 2)[1], body


def _more(connection: socket.socket) -> bytes:
    received = connection.recv(65536)
    if not received:
        raise ConnectionError("the server closed the connection")
    return received


def in_another_process(load: Load) -> Took:
    """What `carry_out` says, from a process of its own. SystemExit if an answer was not the expected one."""
    done = subprocess.run([sys.executable, "-m", "bench.client"], input=pickle.dumps(load), capture_output=True)
    if done.returncode:
        raise SystemExit(f"bench: the client failed:\n{done.stderr.decode()[-2000:]}")
    took = Took(**json.loads(done.stdout))
    if len(took.latencies) != sum(map(len, load.conversations)):
        raise SystemExit(f"bench: the client did not get all answers:\n{done.stderr.decode()[-2000:]}")
    if took.wrong:
        raise SystemExit(f"bench: {len(took.wrong)} wrong answers, the first: {took.wrong[0]}")
    return took


if __name__ == "__main__":
    json.dump(asdict(carry_out(pickle.load(sys.stdin.buffer))), sys.stdout)
