"""An APNs stand-in and clients for it."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from commands.apple.apns import ApnsClient, Limits
from onboarding.simulation.apns import ApnsStandIn, running_apns
from onboarding.simulation.certificates import PushCredentials, StandInRoot
from tests.factories.apns import TOPIC, NewApnsClient


@pytest.fixture(scope="session")
def apns_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the stand-in keeps its certificates."""
    return tmp_path_factory.mktemp("apns")


@pytest.fixture(scope="session")
def push_credentials(apns_directory: Path) -> PushCredentials:
    """Of TOPIC."""
    return StandInRoot(apns_directory).new_push_credentials(topic=TOPIC)


@pytest.fixture
def apns(apns_directory: Path) -> Iterator[ApnsStandIn]:
    with running_apns(apns_directory) as apns:
        yield apns


@pytest.fixture
def new_apns_client(apns_directory: Path, push_credentials: PushCredentials) -> Iterator[NewApnsClient]:
    """Makes clients for a port; they are closed at the end."""
    with ExitStack() as clients:

        def new_apns_client(port: int, *, limits: Limits | None = None, expiration_seconds: int = 3600) -> ApnsClient:
            client = ApnsClient(
                "127.0.0.1",
                port,
                ca_file=str(apns_directory / "ca.pem"),
                certificate_pem=push_credentials.certificate_pem,
                private_key_pem=push_credentials.private_key_pem,
                expiration_seconds=expiration_seconds,
                limits=limits,
            )
            return clients.enter_context(client)

        yield new_apns_client
