"""The demo's organisation: new devices that somebody switches on, others that stay in their boxes."""

from onboarding.simulation.apple_hardware import Hardware, draw_hardware
from onboarding.simulation.dep.mdm_server import LISTED_AS, ListedDevice, MdmServer
from onboarding.simulation.dep.stand_in import DepStandIn

STATE_FILE = "dep.json"
SEED = "muster"
NEW_DEVICES = 3
NEW_MODELS = ("iPhone 15", "iPad Air", "Apple TV 4K")
IN_BOXES = 4
THROTTLED_TIMES = 1  # one of those in boxes: Apple puts it off once, for as many seconds as it says
THROTTLED_SECONDS = 120


def new_seed(seed: str) -> str:
    """Of a fleet's new devices: others than those that it has."""
    return f"{seed}/new"


def new_hardware(index: int, seed: str = SEED) -> Hardware:
    return draw_hardware(seed=new_seed(seed), index=index, model=NEW_MODELS[index % len(NEW_MODELS)])


def listed(hardware: Hardware, asset_tag: str = "") -> ListedDevice:
    """As Apple lists it."""
    product = hardware.product
    description = f"{product.name.upper()} {hardware.capacity_gb}GB-USA"
    return ListedDevice(
        hardware.serial, LISTED_AS[product.family], model=product.name, description=description, asset_tag=asset_tag
    )


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
