"""Devices that are new in their boxes: what a fleet has, and how Apple lists it."""

from onboarding.simulation.apple_hardware import Hardware, draw_hardware
from onboarding.simulation.dep.mdm_server import LISTED_AS, ListedDevice

SEED = "muster"
NEW_MODELS = ("iPhone 15", "iPad Air", "Apple TV 4K")


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
