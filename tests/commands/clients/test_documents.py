"""Fetching a document that a caller named."""

import gzip
from collections.abc import Iterator

import pytest

from commands.clients.documents import MAX_BYTES, DocumentError, fetch_document, host_of, is_public
from tests.factories.web import Site, running_site

HOSTS = frozenset({"127.0.0.1", "localhost"})


@pytest.fixture
def site() -> Iterator[Site]:
    with running_site() as site:
        yield site


def refusal(url: str, hosts: frozenset[str] = HOSTS) -> tuple[str, bool]:
    with pytest.raises(DocumentError) as caught:
        fetch_document(url, trusted_hosts=hosts)
    return str(caught.value), caught.value.retryable


def test_a_document_of_the_largest_size_is_taken_whole(site: Site) -> None:
    body = b"x" * MAX_BYTES

    assert fetch_document(site.put("/whole", body), trusted_hosts=HOSTS) == body


def test_a_larger_one_is_not(site: Site) -> None:
    words, retryable = refusal(site.put("/large", b"x" * (MAX_BYTES + 1)))

    assert (words, retryable) == (f"the document is larger than {MAX_BYTES} bytes.", False)


def test_what_is_packed_is_not_unpacked(site: Site) -> None:
    packed = gzip.compress(b"0" * 10 * MAX_BYTES)
    url = site.put("/packed", packed, headers={"Content-Encoding": "gzip"})

    assert fetch_document(url, trusted_hosts=HOSTS) == packed


@pytest.mark.parametrize(
    ("status", "retryable"), [(204, False), (401, False), (404, False), (408, True), (429, True), (500, True)]
)
def test_statuses_tell_whether_to_try_again(site: Site, status: int, retryable: bool) -> None:
    assert refusal(site.put("/page", status=status)) == (f"127.0.0.1 answered {status}.", retryable)


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("http://localhost:{port}/page", "127.0.0.1 sends on to another host, localhost."),
        ("/loop", "127.0.0.1 sends on too often."),
        ("ftp://127.0.0.1/", "the address must begin with https://."),
        ("http://[::1", "the address is not valid"),
    ],
    ids=["another", "loop", "scheme", "odd"],
)
def test_detours_end(site: Site, location: str, words: str) -> None:
    site.put("/page", b"secret")

    told, retryable = refusal(site.put("/loop", status=302, headers={"Location": location.format(port=site.port)}))

    assert (told.startswith(words), retryable) == (True, False)


def test_a_host_that_is_not_trusted_is_not_asked_even_by_https(site: Site) -> None:
    words, retryable = refusal(f"https://127.0.0.1:{site.port}/page", frozenset())

    assert ("POLICY_URL_HOSTS" in words, retryable, site.asked) == (True, False, [])


def test_a_server_without_a_certificate_is_not_believed(site: Site) -> None:
    words, retryable = refusal(f"https://127.0.0.1:{site.port}/page")

    assert (words.startswith("no connection to 127.0.0.1"), retryable, site.asked) == (True, True, [])


def test_nobody_at_home_is_tried_again(site: Site) -> None:
    words, retryable = refusal("http://127.0.0.1:1/page")

    assert (words.startswith("no connection to 127.0.0.1"), retryable) == (True, True)


@pytest.mark.parametrize("url", ["https://", "https:///page", "not an address", "https://[::1"])
def test_an_odd_address_is_refused(url: str) -> None:
    assert refusal(url)[1] is False


PUBLIC = ["8.8.8.8", "2606:4700:4700::1111", "64:ff9b::808:808", "2002:808:808::1"]
PRIVATE = [
    "0.0.0.0", "10.0.0.1", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1", "192.168.1.1", "192.0.2.1",
    "224.0.0.1", "255.255.255.255", "::", "::1", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1",
    "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::1", "2001:db8::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses(address: str) -> None:
    assert not is_public(address)


def test_the_host_of_an_address() -> None:
    assert (host_of("https://user:word@example.com:8443/a?b"), host_of("https://[::1")) == ("example.com", "")
