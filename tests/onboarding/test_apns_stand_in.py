"""The APNs stand-in: what it refuses, what it keeps and delivers, how it misbehaves."""

import json
import socket
import ssl
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest

from onboarding.simulation.apns import ApnsStandIn, Fault, PortTaken, running_apns
from onboarding.simulation.certificates import PushCredentials, StandInRoot

TOPIC = "com.apple.mgmt.External.1d8c7f1e-2c0f-4a53-8a07-6ad9c3c3f0a5"
TOKEN = "ab" * 32
OTHER_TOKEN = "cd" * 20
NOW = 1_800_000_000
HEADERS = {
    "apns-push-type": "mdm",
    "apns-topic": TOPIC,
    "apns-priority": "10",
    "apns-expiration": str(NOW + 3600),
}

Push = Callable[..., httpx2.Response]


class Clock:
    now: float = NOW

    def __call__(self) -> float:
        return self.now


class Device:
    """A courier's other end."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self._lines = self._socket.makefile("rb")

    def tell(self, **message: list[str]) -> None:
        self._socket.sendall(json.dumps(message).encode() + b"\n")

    def say(self, line: bytes) -> None:
        self._socket.sendall(line)

    def hear(self) -> dict[str, Any] | None:
        """The next message; None at the end."""
        line = self._lines.readline()
        return dict(json.loads(line)) if line else None

    def close(self) -> None:
        self._lines.close()
        self._socket.close()


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("standins")


@pytest.fixture(scope="module")
def credentials(directory: Path) -> PushCredentials:
    return StandInRoot(directory).new_push_credentials(topic=TOPIC)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def apns(directory: Path, clock: Clock) -> Iterator[ApnsStandIn]:
    with running_apns(directory, clock=clock) as apns:
        yield apns


@pytest.fixture
def push(apns: ApnsStandIn, credentials: PushCredentials) -> Iterator[Push]:
    with http_client(apns, credentials) as client:

        def push(
            token: str = TOKEN,
            *,
            method: str = "POST",
            path: str = "/3/device/",
            body: bytes = b'{"mdm": "magic"}',
            **headers: str | None,
        ) -> httpx2.Response:
            changed = {name.replace("_", "-"): value for name, value in headers.items()}
            sent = {name: value for name, value in (HEADERS | changed).items() if value is not None}
            return client.request(
                method, f"https://127.0.0.1:{apns.apns_port}{path}{token}", headers=sent, content=body
            )

        yield push


@pytest.fixture
def new_device(apns: ApnsStandIn) -> Iterator[Callable[[], Device]]:
    with ExitStack() as devices:

        def new_device() -> Device:
            device = Device(apns.courier_port)
            devices.callback(device.close)
            return device

        yield new_device


def http_client(apns: ApnsStandIn, credentials: PushCredentials | None) -> httpx2.Client:
    context = ssl.create_default_context(cafile=str(apns.root.certificate_path))
    if credentials is not None:
        with tempfile.NamedTemporaryFile() as file:
            file.write(credentials.private_key_pem + credentials.certificate_pem)
            file.flush()
            context.load_cert_chain(file.name)
    return httpx2.Client(http1=False, http2=True, verify=context, trust_env=False)


# What it refuses


def test_accepts_a_right_request(apns: ApnsStandIn, push: Push) -> None:
    answer = push()

    assert (answer.status_code, answer.content, answer.http_version) == (200, b"", "HTTP/2")
    (received,) = apns.notifications
    assert (received.token, received.topic, received.payload) == (TOKEN, TOPIC, {"mdm": "magic"})
    assert answer.headers["apns-id"] == received.apns_id


WRONG: list[tuple[dict[str, Any], int, str]] = [
    ({"method": "PUT"}, 405, "MethodNotAllowed"),
    ({"path": "/2/device/"}, 404, "BadPath"),
    ({"token": ""}, 400, "BadDeviceToken"),
    ({"token": "xyz"}, 400, "BadDeviceToken"),
    ({"token": "abc"}, 400, "BadDeviceToken"),
    ({"apns_push_type": None}, 400, "InvalidPushType"),
    ({"apns_push_type": "alert"}, 400, "InvalidPushType"),
    ({"apns_topic": None}, 400, "MissingTopic"),
    ({"apns_topic": "com.example"}, 400, "TopicDisallowed"),
    ({"apns_priority": "7"}, 400, "BadPriority"),
    ({"apns_expiration": "tomorrow"}, 400, "BadExpirationDate"),
    ({"apns_expiration": "-1"}, 400, "BadExpirationDate"),
    ({"apns_id": "7"}, 400, "BadMessageId"),
    ({"body": b""}, 400, "PayloadEmpty"),
    ({"body": b"{}"}, 400, "PayloadEmpty"),
    ({"body": b'{"mdm": "' + b"x" * 4096 + b'"}'}, 413, "PayloadTooLarge"),
]


def test_refuses_a_wrong_request_as_apple_does(apns: ApnsStandIn, push: Push) -> None:
    for change, status, reason in WRONG:
        answer = push(**change)

        assert (answer.status_code, answer.json()) == (status, {"reason": reason}), change
    assert apns.notifications == []


@pytest.mark.parametrize("token", ["01", "ab" * 100])
def test_takes_tokens_of_any_length(push: Push, token: str) -> None:
    assert push(token).status_code == 200


def test_a_dead_token_comes_with_the_time_of_its_death(apns: ApnsStandIn, push: Push) -> None:
    apns.misbehave(Fault(reason="Unregistered"), token=TOKEN)

    answer = push()

    assert (answer.status_code, answer.json()["reason"]) == (410, "Unregistered")
    assert isinstance(answer.json()["timestamp"], int)


def test_wants_a_certificate(apns: ApnsStandIn) -> None:
    with http_client(apns, None) as client, pytest.raises(httpx2.TransportError):
        client.post(f"https://127.0.0.1:{apns.apns_port}/3/device/{TOKEN}", headers=HEADERS, content=b"{}")

    assert apns.counters["requests"] == 0


def test_wants_a_certificate_of_its_own_root(apns: ApnsStandIn, tmp_path: Path) -> None:
    foreign = StandInRoot(tmp_path).new_push_credentials(topic=TOPIC)

    with http_client(apns, foreign) as client, pytest.raises(httpx2.TransportError):
        client.post(f"https://127.0.0.1:{apns.apns_port}/3/device/{TOKEN}", headers=HEADERS, content=b"{}")

    assert apns.counters["requests"] == 0


# Devices


def test_a_waiting_device_gets_its_notification(
    apns: ApnsStandIn, push: Push, new_device: Callable[[], Device]
) -> None:
    device = new_device()
    device.tell(subscribe=[OTHER_TOKEN, TOKEN.upper()])
    apns.wait_until(lambda: apns.subscribed(TOKEN))

    push(apns_expiration="0")

    assert device.hear() == {"token": TOKEN, "payload": {"mdm": "magic"}}


def test_the_last_notification_waits_for_the_device(
    apns: ApnsStandIn, push: Push, new_device: Callable[[], Device]
) -> None:
    push(body=b'{"mdm": "first"}')
    push(body=b'{"mdm": "second"}')
    push(OTHER_TOKEN, body=b'{"mdm": "other"}')

    device = new_device()
    device.tell(subscribe=[TOKEN])
    device.tell(subscribe=[OTHER_TOKEN])

    assert device.hear() == {"token": TOKEN, "payload": {"mdm": "second"}}
    assert device.hear() == {"token": OTHER_TOKEN, "payload": {"mdm": "other"}}
    assert not apns.stored(TOKEN)


def test_a_notification_does_not_wait_beyond_its_expiry(
    apns: ApnsStandIn, push: Push, clock: Clock, new_device: Callable[[], Device]
) -> None:
    push(TOKEN, apns_expiration=str(NOW + 60))
    push(OTHER_TOKEN, apns_expiration=str(NOW + 120))
    clock.now = NOW + 90

    device = new_device()
    device.tell(subscribe=[TOKEN, OTHER_TOKEN])

    heard = device.hear()
    assert heard is not None
    assert heard["token"] == OTHER_TOKEN
    assert apns.counters["delivered"] == 1


@pytest.mark.parametrize("expiration", ["0", str(NOW - 1)])
def test_a_notification_without_a_future_is_not_kept(apns: ApnsStandIn, push: Push, expiration: str) -> None:
    assert push(apns_expiration=expiration).status_code == 200

    assert not apns.stored(TOKEN)
    assert apns.counters["dropped"] == 1


def test_a_device_that_has_left_gets_it_when_it_returns(
    apns: ApnsStandIn, push: Push, new_device: Callable[[], Device]
) -> None:
    first = new_device()
    first.tell(subscribe=[TOKEN, OTHER_TOKEN])
    apns.wait_until(lambda: apns.subscribed(TOKEN))
    first.tell(unsubscribe=[TOKEN])
    apns.wait_until(lambda: not apns.subscribed(TOKEN))
    first.close()
    apns.wait_until(lambda: not apns.subscribed(OTHER_TOKEN))

    push()
    second = new_device()
    second.tell(subscribe=[TOKEN])

    assert second.hear() == {"token": TOKEN, "payload": {"mdm": "magic"}}


@pytest.mark.parametrize("line", [b"{nonsense\n", b'{"hello": 1}\n', b'{"subscribe": "ab"}\n', b'{"subscribe": [1]}\n'])
def test_a_line_it_does_not_know_ends_the_courier(new_device: Callable[[], Device], line: bytes) -> None:
    device = new_device()
    device.say(line)

    heard = device.hear()

    assert heard is not None
    assert heard.keys() == {"error"}
    assert device.hear() is None


# Misbehaviour


def test_a_fault_hits_as_often_as_told(apns: ApnsStandIn, push: Push) -> None:
    apns.misbehave(Fault(reason="ServiceUnavailable", after=1, times=2), token=TOKEN)

    assert [push().status_code for _ in range(4)] == [200, 503, 503, 200]
    assert push(OTHER_TOKEN).status_code == 200


def test_a_swallowed_notification_is_accepted_and_lost(apns: ApnsStandIn, push: Push) -> None:
    apns.misbehave(Fault(swallow=True))

    assert push().status_code == 200
    assert len(apns.notifications) == 1
    assert not apns.stored(TOKEN)


def test_faults_end_when_taken_back(apns: ApnsStandIn, push: Push) -> None:
    apns.misbehave(Fault(reason="TooManyRequests"))
    apns.misbehave(Fault(reason="BadDeviceToken"), token=bytes.fromhex(TOKEN))
    before = push().json()["reason"]
    apns.behave(token=TOKEN)
    between = push().json()["reason"]
    apns.behave()

    assert (before, between, push().status_code) == ("BadDeviceToken", "TooManyRequests", 200)


@pytest.mark.parametrize("how", ["goaway", "abrupt"])
def test_connections_can_be_dropped(apns: ApnsStandIn, push: Push, how: Any) -> None:
    push()
    apns.drop_connections(how)

    apns.wait_until(lambda: apns.counters["disconnections"] == 1)


def test_orders_can_be_given_by_http(apns: ApnsStandIn, push: Push) -> None:
    base_url = f"http://127.0.0.1:{apns.courier_port}"
    with httpx2.Client(base_url=base_url, trust_env=False) as control:
        control.put("/faults", json={"reason": "Unregistered", "token": TOKEN, "times": 1}).raise_for_status()
        refused = push()
        push()
        state = control.get("/").json()
        received = control.get("/received").json()["received"]
        control.delete("/faults").raise_for_status()
        emptied = control.delete("/received").json()

    assert refused.status_code == 410
    assert state["counters"] == {"connections": 1, "requests": 2, "refused": 1, "stored": 1, "accepted": 1}
    assert [(fault["token"], fault["reason"]) for fault in state["faults"]] == [(TOKEN, "Unregistered")]
    assert [(each["token"], each["payload"]) for each in received] == [(TOKEN, {"mdm": "magic"})]
    assert (emptied["counters"], emptied["faults"]) == ({}, [])


WRONG_ORDERS: list[tuple[Any, str]] = [
    ({"colour": "red"}, "A fault has no colour."),
    ({"reason": "Unheard"}, "APNs has no reason 'Unheard': give its status too."),
    ({"drop": "gently"}, "drop is goaway or abrupt."),
    ({"times": True}, "times is of the wrong type."),
    ({"delay": "long"}, "delay is of the wrong type."),
    ({"reason": None}, "reason is of the wrong type."),
    ({"token": 1}, "token is a hex string."),
    ([], "The body is a JSON object."),
]


def test_a_wrong_order_is_explained(apns: ApnsStandIn) -> None:
    with httpx2.Client(trust_env=False) as control:
        for fault, complaint in WRONG_ORDERS:
            answer = control.put(f"http://127.0.0.1:{apns.courier_port}/faults", json=fault)

            assert (answer.status_code, answer.json()) == (400, {"error": complaint}), fault


def test_an_unknown_order_is_not_found(apns: ApnsStandIn) -> None:
    answer = httpx2.get(f"http://127.0.0.1:{apns.courier_port}/elsewhere", trust_env=False)

    assert answer.status_code == 404


def test_a_used_port_is_told_plainly(apns: ApnsStandIn, directory: Path) -> None:
    with pytest.raises(PortTaken) as caught, running_apns(directory, courier_port=apns.courier_port):
        pass

    assert str(caught.value) == f"Port {apns.courier_port} on 127.0.0.1 cannot be used: another program uses it."
