"""The HTTP/2 face of the stand-in: one object for each connection of a server that pushes."""

import asyncio
import json
import ssl
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from cryptography import x509
from cryptography.x509.oid import NameOID
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, DataReceived, Event, RequestReceived, StreamEnded, StreamReset
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings
from hyperframe.frame import GoAwayFrame

from onboarding.simulation.apns.faults import Fault
from onboarding.simulation.apns.requests import STATUS_OF_REASON, Request


@dataclass(frozen=True, slots=True)
class Answer:
    status: int = 200
    reason: str = ""
    retry_after: int | None = None
    apns_id: str = ""

    def headers(self, body: bytes) -> list[tuple[str, str]]:
        headers = [(":status", str(self.status)), ("apns-id", self.apns_id or str(uuid.uuid4()))]
        if self.retry_after is not None:
            headers.append(("retry-after", str(self.retry_after)))
        if body:
            headers += [("content-type", "application/json"), ("content-length", str(len(body)))]
        return headers

    def body(self) -> bytes:
        if not self.reason:
            return b""
        fields: dict[str, Any] = {"reason": self.reason}
        if self.status == STATUS_OF_REASON["Unregistered"]:
            fields["timestamp"] = int(time.time() * 1000)  # since when the token is known to be dead
        return json.dumps(fields).encode()


@dataclass(frozen=True, slots=True)
class Service:
    """What a connection needs of the stand-in."""

    take_fault: Callable[[str], Fault]  # of the token in hex
    answer: Callable[[Request, str, Fault], Answer]  # the request, its certificate's topic, the fault
    opened: Callable[["PushConnection"], None]
    closed: Callable[["PushConnection"], None]
    settings: dict[SettingCodes, int]


class PushConnection(asyncio.Protocol):
    def __init__(self, service: Service) -> None:
        self._service = service
        self._loop = asyncio.get_running_loop()
        self._h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self._h2.local_settings = Settings(client=False, initial_values=service.settings)
        self._requests: dict[int, Request] = {}
        self._late: dict[int, asyncio.TimerHandle] = {}
        self._last_stream = 0  # the highest one that was looked at
        self._leaving = False
        self._topic = ""
        self.closed: asyncio.Future[None] = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._topic = _certificate_topic(transport.get_extra_info("ssl_object"))
        self._service.opened(self)
        self._h2.initiate_connection()
        self._flush()

    def data_received(self, data: bytes) -> None:
        try:
            for event in self._h2.receive_data(data):
                self._handle(event)
            self._flush()
        except ProtocolError:
            self._flush()
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in self._late.values():
            timer.cancel()
        self._service.closed(self)
        self.closed.set_result(None)

    def go_away(self, reason: str = "Shutdown") -> None:
        """Announce the end, answer what is still to be answered, take nothing more, and close."""
        if self._leaving:
            return
        self._leaving = True
        self._flush()
        why = json.dumps({"reason": reason}).encode()
        # Written by hand: h2 would not send the late answers after a GOAWAY of its own.
        frame = GoAwayFrame(0, last_stream_id=self._last_stream, additional_data=why)
        self._transport.write(frame.serialize())
        self._close_when_done()

    def abort(self) -> None:
        self._leaving = True
        self._transport.abort()

    def _handle(self, event: Event) -> None:
        match event:
            case RequestReceived():
                self._requests[event.stream_id] = Request(dict(cast(list[tuple[str, str]], event.headers)))
            case DataReceived():
                self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                if event.stream_id in self._requests:
                    self._requests[event.stream_id].body += event.data
            case StreamEnded():
                self._serve(event.stream_id, self._requests.pop(event.stream_id))
            case StreamReset():
                self._requests.pop(event.stream_id, None)
                if event.stream_id in self._late:
                    self._late.pop(event.stream_id).cancel()
                    self._close_when_done()
            case ConnectionTerminated():
                self._transport.close()

    def _serve(self, stream_id: int, request: Request) -> None:
        if self._leaving:
            return None
        fault = self._service.take_fault(request.token)
        if fault.drop == "goaway":
            return self.go_away(fault.reason or "Shutdown")
        if fault.drop == "abrupt":
            self._flush()
            return self.abort()
        self._last_stream = stream_id
        answer = self._service.answer(request, self._topic, fault)
        if not fault.delay:
            return self._respond(stream_id, answer)
        self._late[stream_id] = self._loop.call_later(fault.delay, self._respond_late, stream_id, answer)
        return None

    def _respond(self, stream_id: int, answer: Answer) -> None:
        body = answer.body()
        self._h2.send_headers(stream_id, answer.headers(body), end_stream=not body)
        if body:
            self._h2.send_data(stream_id, body, end_stream=True)

    def _respond_late(self, stream_id: int, answer: Answer) -> None:
        del self._late[stream_id]
        self._respond(stream_id, answer)
        self._flush()
        self._close_when_done()

    def _close_when_done(self) -> None:
        if self._leaving and not self._late:
            self._transport.close()

    def _flush(self) -> None:
        data = self._h2.data_to_send()
        if data and not self._transport.is_closing():
            self._transport.write(data)


def _certificate_topic(tls: ssl.SSLObject) -> str:
    """The topic of a push certificate is its subject's UID; empty when it has none."""
    certificate = tls.getpeercert(binary_form=True)
    if certificate is None:
        return ""
    names = x509.load_der_x509_certificate(certificate).subject.get_attributes_for_oid(NameOID.USER_ID)
    return str(names[0].value) if names else ""
