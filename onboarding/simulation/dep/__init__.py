"""A stand-in of Apple's device assignment (DEP): its HTTP API with OAuth 1, faults on demand, what devices are told."""

from onboarding.simulation.dep.authority import DeviceAuthority, DeviceIdentity, kept_authority, trusted_file
from onboarding.simulation.dep.faults import Fault
from onboarding.simulation.dep.mdm_server import LISTED_AS, ListedDevice, MdmServer, Refused
from onboarding.simulation.dep.stand_in import DepStandIn, running_dep
from onboarding.simulation.dep.tokens import token_file

__all__ = [
    "LISTED_AS",
    "DepStandIn",
    "DeviceAuthority",
    "DeviceIdentity",
    "Fault",
    "ListedDevice",
    "MdmServer",
    "Refused",
    "kept_authority",
    "running_dep",
    "token_file",
    "trusted_file",
]
