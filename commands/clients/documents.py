"""Fetching a document from an address that a caller named, without becoming a way into our own network.

https only, no detours through other hosts, and no address but public ones: the name is resolved here, every address of
it is judged, and the connection goes to the judged address itself, so that a name that changes its mind in between
(DNS rebinding) wins nothing. Hosts that the operator trusts are exempt, and may speak http.
"""

import ipaddress
import socket
import ssl
import time
from collections.abc import Collection, Iterator

import httpx2

from config.trust import trust

MAX_BYTES = 1024 * 1024
MAX_SECONDS = 30.0  # for the whole of it
TIMEOUT = httpx2.Timeout(10.0, connect=5.0)
MAX_REDIRECTS = 3
MAX_ADDRESSES = 4
NAT64 = ipaddress.ip_network("64:ff9b::/96")
HEADERS = {
    "User-Agent": "Muster",
    "Accept": "application/json, application/x-apple-aspen-config, */*;q=0.1",
    "Accept-Encoding": "identity",  # what is packed could unfold into more than MAX_BYTES
}
RETRYABLE_STATUSES = {408, 425, 429}


class DocumentError(Exception):
    """It could not be had. `retryable`: perhaps later."""

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable


def host_of(url: str) -> str:
    """For people to read; empty if it is no URL."""
    try:
        return httpx2.URL(url).host
    except httpx2.InvalidURL:
        return ""


def fetch_document(url: str, *, trusted_hosts: Collection[str] = ()) -> bytes:
    """At most MAX_BYTES within MAX_SECONDS. DocumentError says what went wrong, and whether to try again."""
    deadline = time.monotonic() + MAX_SECONDS
    target = _target(url)
    with httpx2.Client(
        timeout=TIMEOUT, follow_redirects=False, trust_env=False, verify=trust(from_environment=False)
    ) as client:
        for _ in range(MAX_REDIRECTS + 1):
            answer = _ask(client, target, target.host.lower() in trusted_hosts, deadline)
            if isinstance(answer, bytes):
                return answer
            if answer.host != target.host:
                raise DocumentError(f"{target.host} sends on to another host, {answer.host[:100]}.")
            target = answer
    raise DocumentError(f"{target.host} sends on too often.")


def _target(url: str, *, base: httpx2.URL | None = None) -> httpx2.URL:
    try:
        target = base.join(url) if base else httpx2.URL(url)
    except httpx2.InvalidURL as error:
        raise DocumentError(f"the address is not valid: {error}.") from None
    if not target.host:
        raise DocumentError("the address names no host.")
    return target


def _ask(client: httpx2.Client, target: httpx2.URL, trusted: bool, deadline: float) -> bytes | httpx2.URL:
    """The document, or where it is said to be."""
    if target.scheme != "https" and not (trusted and target.scheme == "http"):
        raise DocumentError("the address must begin with https://.")
    trouble = DocumentError(f"{target.host} cannot be reached.", retryable=True)
    for address in _addresses(target, trusted):
        try:
            return _ask_at(client, target, address, deadline)
        except httpx2.ConnectError as error:
            trouble = DocumentError(f"no connection to {target.host}: {error}.", retryable=True)
        except httpx2.ConnectTimeout:
            trouble = DocumentError(f"{target.host} does not answer.", retryable=True)
        except (httpx2.HTTPError, ssl.SSLError) as error:
            raise DocumentError(f"{target.host} broke off: {error or type(error).__name__}.", retryable=True) from None
    raise trouble


def _ask_at(client: httpx2.Client, target: httpx2.URL, address: str, deadline: float) -> bytes | httpx2.URL:
    """Certificate and Host header are those of the name; only the connection goes to the address."""
    place = target.copy_with(host=address)
    headers = {**HEADERS, "Host": target.netloc.decode("ascii")}
    with client.stream("GET", place, headers=headers, extensions={"sni_hostname": target.host}) as response:
        if response.is_redirect:
            return _target(response.headers.get("Location", ""), base=target)
        _check_status(target.host, response.status_code)
        return b"".join(_bounded(response, deadline))


def _check_status(host: str, status: int) -> None:
    if status != 200:
        raise DocumentError(f"{host} answered {status}.", retryable=status >= 500 or status in RETRYABLE_STATUSES)


def _bounded(response: httpx2.Response, deadline: float) -> Iterator[bytes]:
    size = 0
    for chunk in response.iter_raw():
        size += len(chunk)
        if size > MAX_BYTES:
            raise DocumentError(f"the document is larger than {MAX_BYTES} bytes.")
        if time.monotonic() > deadline:
            raise DocumentError(f"the document did not come within {MAX_SECONDS:g} seconds.", retryable=True)
        yield chunk


def _addresses(target: httpx2.URL, trusted: bool) -> list[str]:
    """All of the host's addresses must be public ones, or none is taken."""
    try:
        found = socket.getaddrinfo(target.host, target.port or 443, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise DocumentError(f"{target.host} has no address: {error}.", retryable=True) from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not trusted and not all(map(is_public, addresses)):
        raise DocumentError(
            f"{target.host} is in a private network; an operator can allow it with the setting POLICY_URL_HOSTS."
        )
    return addresses[:MAX_ADDRESSES]


def is_public(address: str) -> bool:
    """Whether anybody's packets reach it; addresses that carry another inside are judged by that one too."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast
