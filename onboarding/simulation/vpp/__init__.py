"""A stand-in of Apple's Apps and Books: an organisation's licences, late events, notifications, faults on demand."""

from onboarding.simulation.vpp.demo import STATE_FILE, TOKEN_FILE, demo_library, write_token
from onboarding.simulation.vpp.faults import Fault
from onboarding.simulation.vpp.library import Asset, Library
from onboarding.simulation.vpp.stand_in import VppStandIn, running_vpp

__all__ = [
    "STATE_FILE",
    "TOKEN_FILE",
    "Asset",
    "Fault",
    "Library",
    "VppStandIn",
    "demo_library",
    "running_vpp",
    "write_token",
]
