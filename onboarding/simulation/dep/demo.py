"""The demo's organisation: new devices that somebody switches on, others that stay in their boxes."""

from onboarding.simulation.dep.mdm_server import MdmServer
from onboarding.simulation.dep.new_devices import listed, new_hardware
from onboarding.simulation.dep.stand_in import DepStandIn

STATE_FILE = "dep.json"
NEW_DEVICES = 3
IN_BOXES = 4
THROTTLED_TIMES = 1  # one of those in boxes: Apple puts it off once, for as many seconds as it says
THROTTLED_SECONDS = 120


def demo_server(stand_in: DepStandIn) -> MdmServer:
    """The one of an earlier run, if there was one."""
    if stand_in.servers:
        return stand_in.servers[0]
    server = MdmServer("Muster Demo", organisation="Muster Demo Organisation")
    server.clock = stand_in.now
    server.add(*(listed(new_hardware(index), asset_tag=f"NEW-{index + 1}") for index in range(NEW_DEVICES)))
    server.stock(IN_BOXES, prefix="DEMOBOX")
    server.retry_after_seconds = THROTTLED_SECONDS
    server.tell_result("THROTTLED", next(reversed(server.devices)), times=THROTTLED_TIMES)
    return stand_in.add_server(server)
