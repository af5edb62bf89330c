"""The stand-in of Apple's store, over its socket."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import httpx2
import pytest

from onboarding.simulation.store import CATALOGUE, Fault, StoreStandIn, running_store

NOTES = "9990000001"
QUERY = {"version": "2", "p": "mdm-lockup", "caller": "MDM", "platform": "enterprisestore", "cc": "us", "l": "en"}


@pytest.fixture(scope="module")
def _one() -> Iterator[StoreStandIn]:
    with running_store() as store:
        yield store


@pytest.fixture
def store(_one: StoreStandIn) -> StoreStandIn:
    _one.reset()
    return _one


@cache
def caller() -> httpx2.Client:
    """One for all: to make one, which reads the trusted certificates, takes longer than a thousand answers."""
    return httpx2.Client(trust_env=False)


def get(store: StoreStandIn, app_id: str, **changed: str) -> httpx2.Response:
    return caller().get(store.url, params={**QUERY, "id": app_id, **changed})


def order(store: StoreStandIn, method: str, path: str, body: Any = None) -> httpx2.Response:
    return caller().request(method, f"{store.base_url}{path}", json=body)


def test_answers_in_apples_form(store: StoreStandIn) -> None:
    record = get(store, NOTES).json()["results"][NOTES]

    assert (record["id"], record["name"], record["bundleId"]) == (NOTES, "Ledgerline Notes", "example.ledgerline.notes")
    assert record["offers"][0]["version"]["display"] == "4.12.1"
    assert "pricingParameters=STDQ" in record["offers"][0]["buyParams"]


def test_every_app_has_its_record_somewhere(store: StoreStandIn) -> None:
    for app in CATALOGUE:
        found = [
            get(store, app.id, cc=country, platform=platform).json()["results"]
            for country in ("us", "jp")
            for platform in ("enterprisestore", "iphone")
        ]
        assert any(app.id in each for each in found), app.name


def test_icons_are_pictures(store: StoreStandIn) -> None:
    address = get(store, NOTES).json()["results"][NOTES]["artwork"]["url"].format(w=512, h=512, c="bb", f="png")

    answer = caller().get(address)

    assert (answer.headers["Content-Type"], answer.content[:8]) == ("image/png", b"\x89PNG\r\n\x1a\n")
    assert order(store, "GET", "/icons/1/512x512bb.png").status_code == 404


@pytest.mark.parametrize("changed", [{"p": "mdm-lookup"}, {"version": "1"}, {"id": ""}])
def test_a_look_up_that_apple_would_not_take_is_refused(store: StoreStandIn, changed: dict[str, str]) -> None:
    assert get(store, **{"app_id": NOTES, **changed} if "id" not in changed else {"app_id": ""}).status_code == 400


def test_orders_from_outside_change_withdraw_and_break(store: StoreStandIn) -> None:
    assert order(store, "PUT", f"/control/apps/{NOTES}", {"version": "5.0"}).status_code == 200
    assert get(store, NOTES).json()["results"][NOTES]["offers"][0]["version"]["display"] == "5.0"

    order(store, "PUT", "/control/faults", {"app_id": NOTES, "status": 503, "times": 1})
    assert [get(store, NOTES).status_code for _ in range(2)] == [503, 200]

    order(store, "DELETE", f"/control/apps/{NOTES}")
    assert get(store, NOTES).json()["results"] == {}
    state = order(store, "POST", "/control/reset").json()
    assert (state["asked"], state["faults"], len(state["apps"])) == (0, [], len(CATALOGUE))


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PUT", "/control/faults", {"answer": "nonsense"}, 400),
        ("PUT", "/control/faults", {"status": "500"}, 400),
        ("PUT", "/control/faults", {"colour": 1}, 400),
        ("PUT", "/control/faults", [1], 400),
        ("PUT", "/control/apps/1", {"version": "2"}, 400),
        ("PUT", f"/control/apps/{NOTES}", {"id": "2"}, 400),
        ("PUT", "/elsewhere", {}, 404),
        ("DELETE", "/elsewhere", None, 404),
        ("POST", "/elsewhere", None, 404),
        ("GET", "/elsewhere", None, 404),
    ],
)
def test_wrong_orders_are_refused(store: StoreStandIn, method: str, path: str, body: Any, status: int) -> None:
    assert order(store, method, path, body).status_code == status
    assert store.state()["faults"] == []


def test_a_page_instead_of_json(store: StoreStandIn) -> None:
    store.misbehave(Fault(answer="html"))

    assert get(store, NOTES).headers["Content-Type"] == "text/html"
    store.behave()
    assert get(store, NOTES).status_code == 200
