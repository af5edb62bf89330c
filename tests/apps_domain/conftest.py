"""The store's stand-in, asked by the server."""

from collections.abc import Iterator
from typing import Any

import pytest

from onboarding.simulation.store import StoreStandIn, running_store


@pytest.fixture(scope="session")
def _one_store() -> Iterator[StoreStandIn]:
    with running_store() as store:
        yield store


@pytest.fixture
def store(_one_store: StoreStandIn, settings: Any) -> StoreStandIn:
    """As it is at its start."""
    _one_store.reset()
    settings.STORE_URL = _one_store.url
    return _one_store
