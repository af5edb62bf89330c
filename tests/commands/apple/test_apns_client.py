"""What the APNs client sends, with which certificate, and from where; over real sockets."""

import asyncio
import os
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from commands.apple.apns import ApnsClient, ApnsConnection, Outcome, UnusableCertificate, Verdict
from commands.apple.apns.tls import client_context
from onboarding.simulation.apns import ApnsStandIn, running_apns
from onboarding.simulation.certificates import PushCredentials, StandInRoot
from tests.factories.apns import MAGIC, TOPIC, NewApnsClient, notifications, token, verdicts


def test_sends_what_apple_asks_for(apns: ApnsStandIn, new_apns_client: NewApnsClient) -> None:
    before = time.time()

    (outcome,) = new_apns_client(apns.apns_port, expiration_seconds=3600).send(notifications(1))

    assert outcome == Outcome(id="n0", verdict=Verdict.ACCEPTED, status=200, reason="", retry_after=None)
    (received,) = apns.notifications
    assert received.token == token(0).hex()
    assert received.payload == {"mdm": MAGIC}
    assert (received.topic, received.push_type, received.priority) == (TOPIC, "mdm", 10)
    assert int(before) + 3600 <= received.expiration <= time.time() + 3600


def test_without_an_expiration_apns_is_told_not_to_keep_it(apns: ApnsStandIn, new_apns_client: NewApnsClient) -> None:
    new_apns_client(apns.apns_port, expiration_seconds=0).send(notifications(1))

    assert apns.notifications[0].expiration == 0


def test_a_thousand_pushes_use_one_connection(apns: ApnsStandIn, new_apns_client: NewApnsClient) -> None:
    client = new_apns_client(apns.apns_port)

    outcomes = client.send(notifications(500)) + client.send(notifications(500))

    assert verdicts(outcomes) == {Verdict.ACCEPTED: 1000}
    assert [outcome.id for outcome in outcomes[:500]] == [f"n{number}" for number in range(500)]
    assert apns.counters["connections"] == 1
    assert apns.counters["accepted"] == 1000


def test_keeps_to_the_servers_number_of_streams(apns_directory: Path, new_apns_client: NewApnsClient) -> None:
    with running_apns(apns_directory, max_streams=7) as apns:
        outcomes = new_apns_client(apns.apns_port).send(notifications(60))

        assert verdicts(outcomes) == {Verdict.ACCEPTED: 60}
        assert apns.counters["connections"] == 1


def test_keeps_to_the_servers_window(apns_directory: Path, new_apns_client: NewApnsClient) -> None:
    with running_apns(apns_directory, window_bytes=10) as apns:
        outcomes = new_apns_client(apns.apns_port).send(notifications(30))

        assert verdicts(outcomes) == {Verdict.ACCEPTED: 30}
        assert {notification.payload["mdm"] for notification in apns.notifications} == {MAGIC}


def test_threads_may_share_a_client(apns: ApnsStandIn, new_apns_client: NewApnsClient) -> None:
    client = new_apns_client(apns.apns_port)

    with ThreadPoolExecutor(4) as threads:
        batches = list(threads.map(client.send, [notifications(50)] * 4))

    assert [verdicts(batch) for batch in batches] == [{Verdict.ACCEPTED: 50}] * 4
    assert apns.counters["connections"] == 1


def test_nothing_to_send_makes_no_connection(apns: ApnsStandIn, new_apns_client: NewApnsClient) -> None:
    assert new_apns_client(apns.apns_port).send([]) == []
    assert apns.counters["connections"] == 0


def test_a_server_we_do_not_trust_gets_nothing(
    apns: ApnsStandIn, push_credentials: PushCredentials, tmp_path: Path
) -> None:
    other_root = StandInRoot(tmp_path)
    with ApnsClient(
        "127.0.0.1",
        apns.apns_port,
        ca_file=str(other_root.certificate_path),
        certificate_pem=push_credentials.certificate_pem,
        private_key_pem=push_credentials.private_key_pem,
    ) as client:
        (outcome,) = client.send(notifications(1))

    assert (outcome.verdict, outcome.reason) == (Verdict.RETRY, "ServerNotTrusted")
    assert apns.counters["requests"] == 0


def test_a_certificate_the_server_does_not_take_stops_the_topic(
    apns_directory: Path, new_apns_client: NewApnsClient, tmp_path: Path
) -> None:
    """Against OpenSSL alone: asyncio's servers hang up without telling why."""
    files = StandInRoot(apns_directory).server_certificate(["127.0.0.1"])
    context = ssl.create_default_context(
        ssl.Purpose.CLIENT_AUTH, cafile=str(StandInRoot(tmp_path / "other").certificate_path)
    )
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(files.certificate, files.key)

    def refuse() -> None:
        connection, _address = listener.accept()
        with connection, pytest.raises(ssl.SSLError):
            context.wrap_socket(connection, server_side=True)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=refuse)
        server.start()
        (outcome,) = new_apns_client(listener.getsockname()[1]).send(notifications(1))
        server.join()

    assert (outcome.verdict, outcome.reason) == (Verdict.STOP_TOPIC, "CertificateRefused")


def test_a_key_of_another_certificate_is_refused_at_once(
    apns_directory: Path, push_credentials: PushCredentials
) -> None:
    other = StandInRoot(apns_directory).new_push_credentials(topic=TOPIC)

    with pytest.raises(UnusableCertificate):
        ApnsClient(
            "127.0.0.1", 1, certificate_pem=push_credentials.certificate_pem, private_key_pem=other.private_key_pem
        )


@pytest.mark.parametrize("pem", [b"", b"not a certificate"])
def test_an_unreadable_certificate_is_refused_at_once(push_credentials: PushCredentials, pem: bytes) -> None:
    with pytest.raises(UnusableCertificate):
        ApnsClient("127.0.0.1", 1, certificate_pem=pem, private_key_pem=push_credentials.private_key_pem)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_makes_its_own_connection(apns: ApnsStandIn, new_apns_client: NewApnsClient) -> None:
    client = new_apns_client(apns.apns_port)
    client.send(notifications(1))

    child = os.fork()
    if child == 0:
        accepted = verdicts(client.send(notifications(3))) == {Verdict.ACCEPTED: 3}
        os._exit(0 if accepted else 1)
    _pid, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert verdicts(client.send(notifications(2))) == {Verdict.ACCEPTED: 2}
    assert apns.counters["connections"] == 2
    assert apns.counters["accepted"] == 6


def test_the_connection_can_be_used_without_the_thread(
    apns: ApnsStandIn, apns_directory: Path, push_credentials: PushCredentials
) -> None:
    async def send() -> list[Outcome]:
        context = client_context(
            certificate_pem=push_credentials.certificate_pem,
            private_key_pem=push_credentials.private_key_pem,
            ca_file=str(apns_directory / "ca.pem"),
        )
        connection = ApnsConnection("127.0.0.1", apns.apns_port, context=context, expiration_seconds=60)
        outcomes = await connection.send(notifications(5))
        await connection.close()
        return outcomes

    assert verdicts(asyncio.run(send())) == {Verdict.ACCEPTED: 5}
