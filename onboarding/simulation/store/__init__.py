"""A stand-in of Apple's store look-up for device management: invented apps, changes and faults on demand."""

from onboarding.simulation.store.catalogue import CATALOGUE, AppRecord
from onboarding.simulation.store.faults import Fault
from onboarding.simulation.store.stand_in import LOOKUP_PATH, StoreStandIn, running_store

__all__ = ["CATALOGUE", "LOOKUP_PATH", "AppRecord", "Fault", "StoreStandIn", "running_store"]
