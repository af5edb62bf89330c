"""A stand-in of Apple's push service: HTTP/2 for servers, a courier for simulated devices, faults on demand."""

from onboarding.simulation.apns.faults import Fault
from onboarding.simulation.apns.requests import Received
from onboarding.simulation.apns.stand_in import ApnsStandIn, PortTaken, running_apns

__all__ = ["ApnsStandIn", "Fault", "PortTaken", "Received", "running_apns"]
