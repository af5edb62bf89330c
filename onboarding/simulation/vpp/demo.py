"""The organisation of the demo: apps of the store's stand-in, in stock, scarce, used up, without a limit."""

from pathlib import Path

from onboarding.simulation.vpp.library import Asset, Library

TOKEN = "demo-content-token"
TOKEN_FILE = "demo.vpptoken"
STATE_FILE = "vpp.json"
FAMILIES = ["iOS"]
EVERYWHERE = ["iOS", "macOS", "appletvOS"]


def demo_library() -> Library:
    library = Library(TOKEN, "Muster Demo")
    library.own(
        Asset("9990000001", 250, platforms=FAMILIES),
        Asset("9990000002", 3, platforms=["iOS", "macOS"]),
        Asset("9990000003", 1, platforms=FAMILIES),
        Asset("9990000004", None, platforms=EVERYWHERE),
        Asset("9990000005", 20, platforms=["appletvOS"]),
        Asset("9990000007", 5, platforms=FAMILIES, retired=2),
        Asset("9990000009", 12, pricing_param="PLUS", platforms=FAMILIES),
        Asset("9990000010", 100, platforms=FAMILIES),
        Asset("9990000012", 2, platforms=FAMILIES, device_assignable=False),
        Asset("9990000900", 40, product_type="Book", device_assignable=False, revocable=False),
    )
    library.assign("9990000002", "DEMOSOLD0001")
    library.assign("9990000003", "DEMOSOLD0002")
    library.assign("9990000012", person="somebody@example.com")
    return library


def write_token(library: Library, directory: Path) -> Path:
    """As an operator would have downloaded it."""
    path = directory / TOKEN_FILE
    path.touch(mode=0o600)
    path.write_bytes(library.vpptoken)
    return path
