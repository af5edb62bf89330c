"""The APNs client when connections break and answers are late."""

import signal
import socket
import threading
from pathlib import Path
from types import FrameType

import pytest

from commands.apple.apns import Limits, Verdict
from onboarding.simulation.apns import ApnsStandIn, Fault, running_apns
from tests.factories.apns import FreezableRelay, NewApnsClient, deliveries, notifications, token, verdicts

QUICK = Limits(response=0.5)


def test_goaway_in_the_middle_of_a_batch_loses_and_doubles_nothing(
    apns: ApnsStandIn, new_apns_client: NewApnsClient
) -> None:
    apns.misbehave(Fault(drop="goaway", after=120, times=1))

    outcomes = new_apns_client(apns.apns_port).send(notifications(250))

    assert [outcome.id for outcome in outcomes] == [f"n{number}" for number in range(250)]
    assert verdicts(outcomes) == {Verdict.ACCEPTED: 250}
    assert set(deliveries(apns).values()) == {1}
    assert apns.counters["connections"] == 2


def test_answers_that_come_after_goaway_still_count(apns: ApnsStandIn, new_apns_client: NewApnsClient) -> None:
    for number in range(30, 40):
        apns.misbehave(Fault(delay=0.1), token=token(number))
    apns.misbehave(Fault(drop="goaway", after=80, times=1))

    outcomes = new_apns_client(apns.apns_port).send(notifications(250))

    assert verdicts(outcomes) == {Verdict.ACCEPTED: 250}
    assert set(deliveries(apns).values()) == {1}
    assert apns.counters["connections"] == 2


def test_a_cut_connection_gives_each_notification_one_outcome(
    apns: ApnsStandIn, new_apns_client: NewApnsClient
) -> None:
    apns.misbehave(Fault(drop="abrupt", after=120, times=1))

    outcomes = new_apns_client(apns.apns_port).send(notifications(250))

    assert [outcome.id for outcome in outcomes] == [f"n{number}" for number in range(250)]
    assert verdicts(outcomes) == {Verdict.ACCEPTED: 250}
    assert len(deliveries(apns)) == 250
    assert apns.counters["connections"] == 2


def test_a_server_that_keeps_going_away_is_left_for_later(apns: ApnsStandIn, new_apns_client: NewApnsClient) -> None:
    apns.misbehave(Fault(drop="goaway", after=50))

    outcomes = new_apns_client(apns.apns_port).send(notifications(250))

    assert verdicts(outcomes) == {Verdict.ACCEPTED: 50, Verdict.RETRY: 200}
    assert outcomes[249].reason == "Shutdown"
    assert apns.counters["connections"] == 2


def test_a_goaway_about_our_certificate_stops_the_topic(apns: ApnsStandIn, new_apns_client: NewApnsClient) -> None:
    apns.misbehave(Fault(drop="goaway", reason="BadCertificate", after=1))

    outcomes = new_apns_client(apns.apns_port).send(notifications(3))

    assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED, Verdict.STOP_TOPIC, Verdict.STOP_TOPIC]
    assert outcomes[1].reason == "BadCertificate"
    assert apns.counters["connections"] == 1


def test_connects_again_after_the_server_has_restarted(apns_directory: Path, new_apns_client: NewApnsClient) -> None:
    with running_apns(apns_directory) as first:
        port = first.apns_port
        client = new_apns_client(port)
        assert verdicts(client.send(notifications(5))) == {Verdict.ACCEPTED: 5}
    with running_apns(apns_directory, apns_port=port) as second:
        assert verdicts(client.send(notifications(5))) == {Verdict.ACCEPTED: 5}
        assert second.counters["accepted"] == 5


def test_a_server_that_is_down_means_retry(apns_directory: Path, new_apns_client: NewApnsClient) -> None:
    with running_apns(apns_directory) as apns:
        client = new_apns_client(apns.apns_port)
        client.send(notifications(1))

    outcomes = client.send(notifications(3))

    assert {(outcome.verdict, outcome.status, outcome.reason) for outcome in outcomes} == {
        (Verdict.RETRY, 0, "ConnectFailed")
    }


def test_a_server_that_does_not_speak_means_retry(new_apns_client: NewApnsClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = new_apns_client(silent.getsockname()[1], limits=Limits(connect=0.2))

        (outcome,) = client.send(notifications(1))

    assert (outcome.verdict, outcome.reason) == (Verdict.RETRY, "ConnectFailed")


def test_a_late_answer_means_retry_and_leaves_the_connection_alone(
    apns: ApnsStandIn, new_apns_client: NewApnsClient
) -> None:
    client = new_apns_client(apns.apns_port, limits=QUICK)
    apns.misbehave(Fault(delay=30), token=token(2))
    apns.misbehave(Fault(delay=0.1), token=token(3))

    outcomes = client.send(notifications(20))

    assert (outcomes[2].verdict, outcomes[2].reason) == (Verdict.RETRY, "ResponseTimeout")
    assert verdicts(outcomes) == {Verdict.ACCEPTED: 19, Verdict.RETRY: 1}
    assert verdicts(client.send(notifications(2))) == {Verdict.ACCEPTED: 2}
    assert apns.counters["connections"] == 1


def test_a_server_that_is_late_with_everything_keeps_its_connection(
    apns: ApnsStandIn, new_apns_client: NewApnsClient
) -> None:
    client = new_apns_client(apns.apns_port, limits=QUICK)
    apns.misbehave(Fault(delay=30))

    outcomes = client.send(notifications(10))

    assert {(outcome.verdict, outcome.reason) for outcome in outcomes} == {(Verdict.RETRY, "ResponseTimeout")}
    assert len(outcomes) == 10
    apns.behave()
    assert verdicts(client.send(notifications(10))) == {Verdict.ACCEPTED: 10}
    assert apns.counters["connections"] == 1


def test_a_connection_that_dies_unseen_is_given_up(apns: ApnsStandIn, new_apns_client: NewApnsClient) -> None:
    """The first hundred wait in vain; the others go over a new connection."""
    with FreezableRelay(apns.apns_port) as relay:
        client = new_apns_client(relay.port, limits=Limits(response=0.5, probe=0.1))
        client.send(notifications(1))
        relay.freeze()

        outcomes = client.send(notifications(150))

    assert {(outcome.verdict, outcome.reason) for outcome in outcomes[:100]} == {(Verdict.RETRY, "ResponseTimeout")}
    assert verdicts(outcomes[100:]) == {Verdict.ACCEPTED: 50}
    assert apns.counters["connections"] == 2


def test_a_batch_has_a_time_limit_of_its_own(apns: ApnsStandIn, new_apns_client: NewApnsClient) -> None:
    client = new_apns_client(apns.apns_port, limits=Limits(batch=0.5))
    apns.misbehave(Fault(delay=30), token=token(1))

    outcomes = client.send(notifications(3))

    assert [outcome.reason for outcome in outcomes] == ["", "BatchTimeout", ""]
    assert outcomes[1].verdict is Verdict.RETRY
    assert verdicts(client.send(notifications(1))) == {Verdict.ACCEPTED: 1}


def test_an_exception_in_the_waiting_thread_ends_the_batch(apns: ApnsStandIn, new_apns_client: NewApnsClient) -> None:
    """As Celery's time limit for a task does."""

    class TimeLimit(Exception):
        pass

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise TimeLimit

    def interrupt_when_sent() -> None:
        apns.wait_until(lambda: apns.counters["requests"] == 1)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)

    client = new_apns_client(apns.apns_port)
    apns.misbehave(Fault(delay=30), token=token(0))
    previous = signal.signal(signal.SIGUSR1, interrupt)
    watcher = threading.Thread(target=interrupt_when_sent)
    watcher.start()
    try:
        with pytest.raises(TimeLimit):
            client.send(notifications(1))
    finally:
        watcher.join()
        signal.signal(signal.SIGUSR1, previous)
    apns.behave()

    assert verdicts(client.send(notifications(5))) == {Verdict.ACCEPTED: 5}
    assert apns.counters["connections"] == 1


def test_a_quiet_connection_is_tested_before_use(apns: ApnsStandIn, new_apns_client: NewApnsClient) -> None:
    client = new_apns_client(apns.apns_port, limits=Limits(probe_after=0.0))

    assert verdicts(client.send(notifications(2)) + client.send(notifications(2))) == {Verdict.ACCEPTED: 4}
    assert apns.counters["connections"] == 1


def test_a_quiet_connection_that_has_died_is_replaced(apns: ApnsStandIn, new_apns_client: NewApnsClient) -> None:
    with FreezableRelay(apns.apns_port) as relay:
        client = new_apns_client(relay.port, limits=Limits(probe_after=0.0, probe=0.2))
        client.send(notifications(1))
        relay.freeze()

        assert verdicts(client.send(notifications(3))) == {Verdict.ACCEPTED: 3}
        assert apns.counters["connections"] == 2


def test_an_unused_connection_is_closed(apns: ApnsStandIn, new_apns_client: NewApnsClient) -> None:
    client = new_apns_client(apns.apns_port, limits=Limits(idle=0.05))
    client.send(notifications(1))

    apns.wait_until(lambda: apns.counters["disconnections"] == 1)

    assert verdicts(client.send(notifications(1))) == {Verdict.ACCEPTED: 1}


def test_a_closed_client_opens_again(apns: ApnsStandIn, new_apns_client: NewApnsClient) -> None:
    client = new_apns_client(apns.apns_port)
    client.send(notifications(1))
    client.close()
    apns.wait_until(lambda: apns.counters["disconnections"] == 1)

    assert verdicts(client.send(notifications(1))) == {Verdict.ACCEPTED: 1}
