"""Apple's device assignment as tests see it: a stand-in on a real socket, and tokens of its servers."""

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote

import httpx2
from pytest_django import Settings

from onboarding.simulation.apple_device import SimulatedAppleDevice
from onboarding.simulation.apple_setup import StandInActivation
from onboarding.simulation.dep import LISTED_AS, DepStandIn, DeviceAuthority, ListedDevice, MdmServer, running_dep
from onboarding.simulation.dep.authority import Kind
from onboarding.simulation.dep.oauth import Credentials, signature
from tenants.models import DepToken, Tenant
from tenants.services.dep_tokens import server_key_of
from tests.factories.apple_tokens import DepTokenFactory

VERSION = "10"  # of Apple's protocol, unless a test says otherwise
AGENT = "Muster/tests"


@cache
def factory(kind: Kind = "plain") -> DeviceAuthority:
    """Of devices; the same one for the same kind."""
    return DeviceAuthority(kind)


@contextmanager
def dep_service(settings: Settings, **options: Any) -> Iterator[DepStandIn]:
    """A running stand-in, which the project's settings name."""
    with running_dep(**options) as stand_in:
        settings.DEP_URL = stand_in.url
        yield stand_in


def token_of(tenant: Tenant, server: MdmServer, **fields: Any) -> DepToken:
    """The tenant's completed token of this MDM server; it holds what the server accepts now."""
    told = {name: value for name, value in server.token.items() if name != "access_token_expiry"}
    completed = {
        "state": "COMPLETED",
        "token_expiry_on": server.token["access_token_expiry"],
        "token_name": f"{tenant.name} ABM",
        "server_key": server_key_of(server.consumer_key),
    }
    return DepTokenFactory(tenant, **{**completed, **told, **fields})


def assigned(server: MdmServer, device: SimulatedAppleDevice, url: str, **record: Any) -> None:
    """The device is the server's and has a profile with this url; its record also says what is told here."""
    server.add(ListedDevice(device.serial, LISTED_AS[device.hardware.product.family]))
    server.profiles[f"for {device.serial}"] = {"profile_name": "Tests", "url": url, **record}
    server.change(device.serial, profile_uuid=f"for {device.serial}", profile_status="assigned")


@contextmanager
def activation_of(stand_in: DepStandIn) -> Iterator[StandInActivation]:
    """What devices ask before their set-up, over the stand-in's socket."""
    with httpx2.Client(trust_env=False, verify=False) as http:
        yield StandInActivation(http, stand_in.url)


class Caller:
    """A client that is not ours: as Apple's pages have it, and nothing cleverer."""

    def __init__(self, stand_in: DepStandIn, server: MdmServer) -> None:
        self.stand_in = stand_in
        self.credentials: Credentials = server.credentials
        self.session = ""

    def sign(self, **changes: str) -> dict[str, str]:
        """The header of a request for a session. A change to "" leaves the parameter out."""
        told = {
            "oauth_consumer_key": self.credentials.consumer_key,
            "oauth_token": self.credentials.access_token,
            "oauth_signature_method": "HMAC-SHA1",
            "oauth_timestamp": str(int(time.time())),
            "oauth_nonce": secrets.token_hex(8),
            "oauth_version": "1.0",
            **{f"oauth_{name}": value for name, value in changes.items()},
        }
        told = {name: value for name, value in told.items() if value}
        signed = {"oauth_signature": signature("GET", f"{self.stand_in.url}/session", told, self.credentials), **told}
        parameters = ", ".join(f'{name}="{quote(value, safe="-._~")}"' for name, value in signed.items())
        return {"Authorization": f'OAuth realm="ADM", {parameters}'}

    def open(self) -> str:
        """A session token; it is used from now on."""
        status, answer, _headers = self.ask("GET", "/session", headers=self.sign())
        assert status == 200, answer
        self.session = answer["auth_session_token"]
        return self.session

    def post(self, path: str, body: Any = None, **options: Any) -> tuple[int, Any, dict[str, str]]:
        return self.ask("POST", path, body, **options)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        version: str = VERSION,
    ) -> tuple[int, Any, dict[str, str]]:
        """Status, body (text unless it is JSON), headers. The session token is taken from the answer."""
        told = {"User-Agent": AGENT, "X-Server-Protocol-Version": version, "X-ADM-Auth-Session": self.session}
        content = None if body is None else json.dumps(body).encode()
        if content:
            told["Content-Type"] = "application/json;charset=UTF8"
        connection = HTTPConnection(self.stand_in.host, self.stand_in.port, timeout=10)
        try:
            connection.request(method, path, content, {**told, **(headers or {})})
            response = connection.getresponse()
            text, answered = response.read(), dict(response.headers.items())
        finally:
            connection.close()
        self.session = answered.get("X-ADM-Auth-Session", self.session)
        is_json = "json" in answered["Content-Type"]
        return response.status, json.loads(text) if is_json else text.decode(), answered
