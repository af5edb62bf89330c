"""The stand-in as a whole: its server, its clock, sessions, and what tests and operators hold in hand."""

import errno
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from onboarding.simulation.apns import PortTaken
from onboarding.simulation.dep import listing, profiles
from onboarding.simulation.dep.authority import DeviceAuthority
from onboarding.simulation.dep.faults import Fault, FaultBook
from onboarding.simulation.dep.http import Asked, Told, handler_for
from onboarding.simulation.dep.mdm_server import Document, MdmServer, Refused, Session
from onboarding.simulation.dep.oauth import Credentials, OAuthCheck, OAuthProblem
from onboarding.simulation.dep.orders import carry_out, state_of
from onboarding.simulation.dep.saved import Keeper

SESSION_SECONDS = 180.0
SESSION_REQUESTS = 50  # that a session token lasts, before an answer brings another
AT_HAND = 1000  # of the requests, for tests


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128


class DepStandIn:
    """Apple's device assignment for any number of MDM servers. May be used from any thread.

    `session_seconds` and `session_requests`: how long a session token lasts. `state_file` keeps the servers between
    two runs. `authority` gives devices their identities. `blocked_agents`: beginnings of User-Agents that are refused.
    Raises PortTaken.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        session_seconds: float = SESSION_SECONDS,
        session_requests: int = SESSION_REQUESTS,
        state_file: Path | None = None,
        authority: DeviceAuthority | None = None,
    ) -> None:
        self.session_seconds, self.session_requests = session_seconds, session_requests
        self.blocked_agents: set[str] = set()
        self.clock_ahead = 0.0
        self.servers: list[MdmServer] = []
        self.counters: Counter[str] = Counter()
        self.requests: deque[tuple[str, Document]] = deque(
            maxlen=AT_HAND
        )  # the last: endpoints and bodies, as they came
        self.lock = threading.RLock()
        self._faults = FaultBook()
        self._oauth = OAuthCheck(self.now)
        self._authority = authority
        self._keeper = Keeper(state_file)
        for server in self._keeper.restored(self.now):
            self.add_server(server)
        self._server = _listen(host, port, handler_for(self))
        self.host, self.port = host, int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), name="dep-stand-in", daemon=True
        )

    @property
    def url(self) -> str:
        """What DEP_URL is to be, and what devices are given."""
        return f"http://{self.host}:{self.port}"

    def now(self) -> float:
        return time.time() + self.clock_ahead

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        with self.lock:
            self._keeper.save(self.servers)

    # For tests and operators

    def add_server(self, server: MdmServer | None = None) -> MdmServer:
        """A new one unless one is given; its clock is the stand-in's."""
        with self.lock:
            server = server or MdmServer(clock=self.now)
            server.clock = self.now
            self.servers.append(server)
            return server

    def misbehave(self, **fault: Any) -> None:
        """The fields of Fault; until told otherwise."""
        with self.lock:
            self._faults.set(Fault(**fault))

    def behave(self) -> None:
        with self.lock:
            self._faults.clear()

    def end_sessions(self) -> None:
        """Every session token is refused from now on, as one that has expired."""
        with self.lock:
            for server in self.servers:
                for session in server.sessions.values():
                    session.ends_at = 0.0

    def bodies(self, endpoint: str) -> list[Document]:
        """Of the requests of that kind, as they came."""
        with self.lock:
            return [body for kind, body in self.requests if kind == endpoint]

    # What the server calls

    def take_fault(self, endpoint: str) -> Fault:
        with self.lock:
            self.counters[endpoint] += 1
            return self._faults.take(endpoint)

    def answer(self, asked: Asked, fault: Fault) -> Told:
        """Raises OAuthProblem or Refused."""
        self._check_agent(asked.headers.get("User-Agent", ""))
        with self.lock:
            if asked.endpoint == "session":
                return self._open_session(asked)
            server, session = self._session(asked.headers.get("X-ADM-Auth-Session", ""))
            if not server.accepts_terms:
                raise Refused(403, "T_C_NOT_SIGNED")
            if asked.endpoint in server.denied:
                raise Refused(403, "ACCESS_DENIED")
            body, version = _body(asked), _version(asked)
            self.requests.append((asked.endpoint, body or dict(asked.query)))
            session = self._used(server, session, renew=fault.new_session)
            told = _answers(asked.endpoint, server, body, asked.query, version, fault)
            self._keeper.changed(self.servers)
            return Told(told, session.token)

    def _open_session(self, asked: Asked) -> Told:
        def find(consumer_key: str) -> Credentials | None:
            return next((each.credentials for each in self.servers if each.consumer_key == consumer_key), None)

        found = self._oauth.check(asked.method, asked.url, asked.headers.get("Authorization", ""), find)
        server = next(each for each in self.servers if each.consumer_key == found.consumer_key)
        if server.has_expired:
            raise OAuthProblem("token_expired")
        if not server.accepts_terms:
            raise Refused(403, "T_C_NOT_SIGNED")
        if "session" in server.denied:
            raise Refused(403, "ACCESS_DENIED")
        return Told({"auth_session_token": server.open_session(self.session_seconds).token})

    def _session(self, token: str) -> tuple[MdmServer, Session]:
        server = next((each for each in self.servers if token in each.sessions), None)
        if server is None:
            raise Refused(403, "FORBIDDEN")
        session = server.sessions[token]
        if session.ends_at <= self.now():
            raise Refused(401, "EXPIRED_TOKEN")
        return server, session

    def _used(self, server: MdmServer, session: Session, *, renew: bool) -> Session:
        """A token lasts so long from its last use, and for so many requests; then the next one counts alone."""
        session.requests += 1
        session.ends_at = self.now() + self.session_seconds
        if not renew and session.requests < self.session_requests:
            return session
        del server.sessions[session.token]
        return server.open_session(self.session_seconds)

    def _check_agent(self, agent: str) -> None:
        if not agent:
            raise Refused(400, "USER_AGENT_MISSING")
        if any(agent.startswith(each) for each in self.blocked_agents):
            raise Refused(400, "USER_AGENT_INVALID")

    # Devices

    @property
    def authority(self) -> DeviceAuthority:
        """Drawn when it is first needed, if none was given."""
        with self.lock:
            self._authority = self._authority or DeviceAuthority()
            return self._authority

    def ask_for_device(self, serial: str, what: str, body: Document) -> Document | None:
        """None: Apple has nothing for it. Raises ValueError or KeyError."""
        with self.lock:
            self.counters[f"device {what}"] += 1
            if what == "certificate":
                return self.authority.certify_pem(body["public_key"], serial)
            records = (each.activation_record(serial) for each in self.servers)
            found = next((each for each in records if each is not None), None)
            self._keeper.changed(self.servers)
            return found

    # Orders

    def order(self, asked: Asked) -> Document | bytes:
        """Raises ValueError, KeyError or TypeError when it makes no sense."""
        with self.lock:
            answer = carry_out(self, asked)
            self._keeper.changed(self.servers)
            return state_of(self) if answer is None else answer

    @property
    def faults(self) -> list[Document]:
        with self.lock:
            return [asdict(fault) for fault in self._faults.in_force()]


def _answers(
    endpoint: str, server: MdmServer, body: Document, query: dict[str, str], version: int, fault: Fault
) -> Document:
    answers: dict[str, Callable[[], Document]] = {
        "account": lambda: listing.account(server, version),
        "fetch": lambda: listing.fetch(server, body, version, fault),
        "sync": lambda: listing.sync(server, body, version, fault),
        "details": lambda: listing.details(server, body, version),
        "disown": lambda: profiles.disown(server, body),
        "define": lambda: profiles.define(server, body, version),
        "profile": lambda: profiles.read(server, query),
        "assign": lambda: profiles.assign(server, body, version),
        "remove": lambda: profiles.remove(server, body, version),
    }
    return answers[endpoint]()


def _body(asked: Asked) -> Document:
    """Raises Refused."""
    if asked.content and "json" not in asked.headers.get("Content-Type", ""):
        raise Refused(400, "MALFORMED_REQUEST_BODY")
    try:
        return asked.body
    except ValueError:
        raise Refused(400, "MALFORMED_REQUEST_BODY") from None


def _version(asked: Asked) -> int:
    """Of the protocol; who names none speaks the first."""
    told = asked.headers.get("X-Server-Protocol-Version", "1")
    return int(told) if told.isdecimal() else 1


def _listen(host: str, port: int, handler: type[BaseHTTPRequestHandler]) -> Server:
    try:
        return Server((host, port), handler)
    except OSError as error:
        why = "another program uses it" if error.errno == errno.EADDRINUSE else str(error)
        raise PortTaken(f"Port {port} on {host} cannot be used: {why}.") from error


@contextmanager
def running_dep(**options: Any) -> Iterator[DepStandIn]:
    """A stand-in for as long as the block lasts; the options of DepStandIn."""
    stand_in = DepStandIn(**options)
    stand_in.start()
    try:
        yield stand_in
    finally:
        stand_in.stop()
