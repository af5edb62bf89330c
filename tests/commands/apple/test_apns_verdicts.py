"""What the APNs client makes of the answers."""

import pytest

from commands.apple.apns import Notification, Outcome, Verdict
from onboarding.simulation.apns import ApnsStandIn, Fault
from tests.factories.apns import MAGIC, TOPIC, NewApnsClient, notifications, token, verdicts

REASONS = [
    ("BadCollapseId", 400, Verdict.REFUSED),
    ("BadDeviceToken", 400, Verdict.DEAD_TOKEN),
    ("BadExpirationDate", 400, Verdict.REFUSED),
    ("BadMessageId", 400, Verdict.REFUSED),
    ("BadPriority", 400, Verdict.REFUSED),
    ("BadTopic", 400, Verdict.STOP_TOPIC),
    ("DeviceTokenNotForTopic", 400, Verdict.DEAD_TOKEN),
    ("DuplicateHeaders", 400, Verdict.REFUSED),
    ("IdleTimeout", 400, Verdict.RETRY),
    ("InvalidPushType", 400, Verdict.REFUSED),
    ("MissingDeviceToken", 400, Verdict.DEAD_TOKEN),
    ("MissingTopic", 400, Verdict.STOP_TOPIC),
    ("PayloadEmpty", 400, Verdict.REFUSED),
    ("TopicDisallowed", 400, Verdict.STOP_TOPIC),
    ("BadCertificate", 403, Verdict.STOP_TOPIC),
    ("BadCertificateEnvironment", 403, Verdict.STOP_TOPIC),
    ("ExpiredProviderToken", 403, Verdict.STOP_TOPIC),
    ("Forbidden", 403, Verdict.STOP_TOPIC),
    ("InvalidProviderToken", 403, Verdict.STOP_TOPIC),
    ("MissingProviderToken", 403, Verdict.STOP_TOPIC),
    ("BadPath", 404, Verdict.REFUSED),
    ("MethodNotAllowed", 405, Verdict.REFUSED),
    ("ExpiredToken", 410, Verdict.DEAD_TOKEN),
    ("Unregistered", 410, Verdict.DEAD_TOKEN),
    ("PayloadTooLarge", 413, Verdict.REFUSED),
    ("TooManyProviderTokenUpdates", 429, Verdict.RETRY),
    ("TooManyRequests", 429, Verdict.RETRY),
    ("InternalServerError", 500, Verdict.RETRY),
    ("ServiceUnavailable", 503, Verdict.RETRY),
    ("Shutdown", 503, Verdict.RETRY),
    ("NewFangled", 400, Verdict.REFUSED),
    ("NewFangled", 403, Verdict.STOP_TOPIC),
    ("NewFangled", 410, Verdict.DEAD_TOKEN),
    ("NewFangled", 429, Verdict.RETRY),
    ("NewFangled", 502, Verdict.RETRY),
    ("", 500, Verdict.RETRY),
]


def test_the_reason_decides_what_to_do(apns: ApnsStandIn, new_apns_client: NewApnsClient) -> None:
    client = new_apns_client(apns.apns_port)
    wrong: dict[tuple[str, int], list[Outcome]] = {}

    for reason, status, verdict in REASONS:
        apns.behave()
        apns.misbehave(Fault(reason=reason, status=status), token=token(1))
        before, refused, after = outcomes = client.send(notifications(3))
        meant = Outcome(id="n1", verdict=verdict, status=status, reason=reason, retry_after=None)
        if refused != meant or [before.verdict, after.verdict] != [Verdict.ACCEPTED, Verdict.ACCEPTED]:
            wrong[reason, status] = list(outcomes)

    assert wrong == {}


def test_tells_how_long_to_wait_when_apns_says_so(apns: ApnsStandIn, new_apns_client: NewApnsClient) -> None:
    apns.misbehave(Fault(reason="TooManyRequests", retry_after=90))

    (outcome,) = new_apns_client(apns.apns_port).send(notifications(1))

    assert (outcome.verdict, outcome.retry_after) == (Verdict.RETRY, 90.0)


def test_a_topic_of_another_certificate_stops_the_topic(apns: ApnsStandIn, new_apns_client: NewApnsClient) -> None:
    (outcome,) = new_apns_client(apns.apns_port).send(notifications(1, topic="com.apple.mgmt.External.other"))

    assert (outcome.verdict, outcome.reason) == (Verdict.STOP_TOPIC, "TopicDisallowed")


@pytest.mark.parametrize(
    ("bad", "verdict", "reason"),
    [
        (Notification("bad", b"", MAGIC, TOPIC), Verdict.DEAD_TOKEN, "BadDeviceToken"),
        (Notification("bad", bytes(100_000), MAGIC, TOPIC), Verdict.DEAD_TOKEN, "BadDeviceToken"),
        (Notification("bad", token(1), "x" * 5000, TOPIC), Verdict.REFUSED, "PayloadTooLarge"),
        (Notification("bad", token(1), MAGIC, ""), Verdict.STOP_TOPIC, "MissingTopic"),
        (Notification("bad", token(1), MAGIC, "a\r\nb: c"), Verdict.STOP_TOPIC, "BadTopic"),
        (Notification("bad", token(1), MAGIC, "thème"), Verdict.STOP_TOPIC, "BadTopic"),
    ],
)
def test_an_impossible_notification_does_not_harm_the_others(
    apns: ApnsStandIn, new_apns_client: NewApnsClient, bad: Notification, verdict: Verdict, reason: str
) -> None:
    outcomes = new_apns_client(apns.apns_port).send([bad, *notifications(2)])

    assert (outcomes[0].verdict, outcomes[0].reason) == (verdict, reason)
    assert verdicts(outcomes[1:]) == {Verdict.ACCEPTED: 2}
