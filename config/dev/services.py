"""PostgreSQL and Valkey for a run, a test or a bench: ours, or those that DATABASE_URL and REDIS_URL name."""

import contextlib
import os
import socket
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from config.dev.binaries import find_postgres, find_valkey
from config.dev.console import LauncherError, report
from config.dev.logs import rotate, tail
from config.dev.places import make_directory, shown, socket_directory, throwaway_directory
from config.dev.postgres import Postgres
from config.dev.relocation import place_within_reach
from config.dev.spawn import ending
from config.dev.valkey import Valkey

PROBE_SECONDS = 5


@dataclass(frozen=True)
class Service:
    """One service and where it came from. `process`, `log` and `socket` are None for one that we did not start."""

    name: str
    url: str
    description: str
    process: subprocess.Popen[bytes] | None = None
    log: Path | None = None
    socket: Path | None = None

    def require_alive(self) -> None:
        """Raises LauncherError if we started it and it has ended or can no longer be reached."""
        if self.process is None or self.log is None or self.socket is None:
            return
        if self.process.poll() is not None:
            raise LauncherError(f"{self.name} {ending(self.process)}; the end of its log:", tail(self.log))
        if not self.socket.exists():  # a cleaner of temp folders came by
            raise LauncherError(f"{self.socket} was deleted, so {self.name} cannot be reached: start again.")


@dataclass(frozen=True)
class Services:
    database: Service
    broker: Service

    @property
    def environment(self) -> dict[str, str]:
        return {"DATABASE_URL": self.database.url, "REDIS_URL": self.broker.url}

    @property
    def both(self) -> tuple[Service, Service]:
        return self.database, self.broker

    def require_alive(self) -> None:
        for service in self.both:
            service.require_alive()


@contextlib.contextmanager
def persistent_services(var: Path, settings: Mapping[str, str]) -> Iterator[Services]:
    """Services whose data stays in `var`. `settings`: where DATABASE_URL and REDIS_URL are looked up."""
    logs = make_directory(var / "log")
    with contextlib.ExitStack() as stack:
        database, broker = external_services(settings)
        sockets = socket_directory(var, shared=os.getuid() == 0)
        stack.callback(remove_if_empty, sockets)
        if database is None:
            database = start_postgres(stack, var / "pg", sockets, rotate(logs / "postgres.log"), throwaway=False)
        if broker is None:
            broker = start_valkey(stack, var / "valkey", sockets, rotate(logs / "valkey.log"), throwaway=False)
        yield Services(database, broker)


@contextlib.contextmanager
def throwaway_services(settings: Mapping[str, str]) -> Iterator[Services]:
    """Fresh empty services that never wait for a disk and leave nothing behind."""
    with contextlib.ExitStack() as stack:
        database, broker = external_services(settings)
        place = stack.enter_context(throwaway_directory())
        place.chmod(0o711)  # PostgreSQL's user must pass through; what is inside is its own
        if database is None:
            sockets = make_directory(place / "s")
            database = start_postgres(stack, place / "pg", sockets, place / "postgres.log", throwaway=True)
        if broker is None:
            broker = start_valkey(stack, place / "valkey", place, place / "valkey.log", throwaway=True)
        yield Services(database, broker)


def start_postgres(stack: contextlib.ExitStack, data: Path, sockets: Path, log: Path, *, throwaway: bool) -> Service:
    binaries, data, identity = place_within_reach(find_postgres(), data)
    server = Postgres(binaries, identity, data, sockets, log, throwaway=throwaway)
    stack.callback(stop_quietly, server)
    server.start()
    description = f"{binaries.origin} PostgreSQL {binaries.version}"
    if not throwaway:
        description += f", data in {shown(data)}"
    return Service("postgres", server.url, description, server.process, log, server.socket)


def start_valkey(stack: contextlib.ExitStack, data: Path, sockets: Path, log: Path, *, throwaway: bool) -> Service:
    program, description = find_valkey()
    server = Valkey(program, data, sockets, log, throwaway=throwaway)
    stack.callback(stop_quietly, server)
    server.start()
    return Service("valkey", server.url, description, server.process, log, server.socket)


def remove_if_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()


def stop_quietly(server: Postgres | Valkey) -> None:
    """One server's bad end must not keep the other from being stopped."""
    try:
        server.stop()
    except LauncherError as error:
        report(error)


def external_services(settings: Mapping[str, str]) -> tuple[Service | None, Service | None]:
    database = external("postgres", settings.get("DATABASE_URL", ""), 5432)
    return database, external("valkey", settings.get("REDIS_URL", ""), 6379)


def external(name: str, url: str, default_port: int) -> Service | None:
    """The service at `url`, None if that is empty. Raises LauncherError if nothing answers there."""
    if not url:
        return None
    variable = "DATABASE_URL" if name == "postgres" else "REDIS_URL"
    place = address_of(url, default_port)
    try:
        probe(place)
    except OSError as error:
        told = place if isinstance(place, str) else f"{place[0]}:{place[1]}"
        raise LauncherError(
            f"{variable} names {told}, but nothing answers there ({error.strerror or error})."
        ) from None
    return Service(name, url, f"from {variable}")


def address_of(url: str, default_port: int) -> str | tuple[str, int]:
    """A unix socket's path, or host and port."""
    parts = urlsplit(url)
    folder = (parse_qs(parts.query).get("host") or [""])[0]
    if folder.startswith("/"):
        return f"{folder}/.s.PGSQL.{default_port}"
    if parts.scheme.startswith(("unix", "redis+socket")):
        return unquote(parts.path)
    try:
        return parts.hostname or "127.0.0.1", parts.port or default_port
    except ValueError:
        raise LauncherError("DATABASE_URL or REDIS_URL names a port that is not a number.") from None


def probe(place: str | tuple[str, int]) -> None:
    if isinstance(place, tuple):
        socket.create_connection(place, timeout=PROBE_SECONDS).close()
        return
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PROBE_SECONDS)
        connection.connect(place)
