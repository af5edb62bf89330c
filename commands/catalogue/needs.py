"""What Apple's commands and payloads need of a device, in the versions of Apple's documentation."""

from commands.catalogue.base import AppleNeeds
from devices.models import Device


def needs(
    *, ios: str | None = None, tvos: str | None = None, macos: str | None = None, supervised: bool = False
) -> AppleNeeds:
    """The lowest versions; None cannot do it. Apple's documentation means iPadOS too where it says iOS."""
    versions = {Device.Os.IOS: ios, Device.Os.IPADOS: ios, Device.Os.TVOS: tvos, Device.Os.MACOS: macos}
    return AppleNeeds(supervised, {os.value: version for os, version in versions.items() if version is not None})
