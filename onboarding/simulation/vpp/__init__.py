"""A stand-in of Apple's Apps and Books: an organisation's licences, late events, notifications, faults on demand."""

from onboarding.simulation.vpp.faults import Fault
from onboarding.simulation.vpp.library import Asset, Library
from onboarding.simulation.vpp.stand_in import VppStandIn, running_vpp

__all__ = ["Asset", "Fault", "Library", "VppStandIn", "running_vpp"]
