"""Which address a request counts as coming from."""

import pytest
from django.test import RequestFactory
from pytest_django import Settings

from config.api.client import client_address

PROXY, NEARER = "10.0.0.1", "10.0.0.2"


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.7", "", "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),  # a stranger says what it likes
        (PROXY, "198.51.100.1", "198.51.100.1"),
        (PROXY, "1.2.3.4, 198.51.100.1", "198.51.100.1"),  # only the last one was written by our proxy
        (NEARER, "198.51.100.1, 10.0.0.1", "198.51.100.1"),  # two proxies of ours
        (PROXY, "", PROXY),
    ],
)
def test_believes_only_our_own_proxies(settings: Settings, peer: str, forwarded: str, address: str) -> None:
    settings.TRUSTED_PROXIES = [PROXY, NEARER]
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}

    assert client_address(RequestFactory().get("/", headers=headers, REMOTE_ADDR=peer)) == address
