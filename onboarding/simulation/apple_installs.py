"""Apps on their way to a device: told by the server, fetched and installed while the device goes on connecting.

That a device acknowledges InstallApplication does not mean that it has the app. Each connection takes every
installation one step further: the user is asked, the package is fetched and checked, then the app is there. Statuses
and what leads to them: Apple's "Install Application" and "Managed Application List"; codes of errors 12023 to 12027:
"App installation error codes" of the Intune documentation.
"""

from collections.abc import Mapping
from typing import Any, Literal

from onboarding.simulation.apple_answers.answer import Answer, error_answer, error_chain, optional, required
from onboarding.simulation.apple_hardware import Hardware
from onboarding.simulation.apple_http import HttpClient, ServerUnreachable
from onboarding.simulation.apple_models import OsFamily, version_numbers
from onboarding.simulation.apple_packages import Manifest, NotAnApp, PackageError, fetch_manifest, fetch_package
from onboarding.simulation.apple_state import App, DeviceState, Installation
from onboarding.simulation.apple_store import AppStore, Listing, StoreUnreachable

InstallFault = Literal["", "user rejects", "never agrees", "download fails", "wrong hash", "no space", "stuck"]
FAULTS: tuple[InstallFault, ...] = (
    "user rejects",  # the user is asked and refuses; a supervised device asks too, as if the app were open
    "never agrees",  # the user of a device that asks pays no attention
    "download fails",
    "wrong hash",
    "no space",
    "stuck",  # it goes on installing for ever
)
WORDS = {"Prompting": "PromptingForUpdate", "Installing": "Updating", "UserRejected": "UpdateRejected"}
PROMPTS = frozenset({"Prompting", "PromptingForUpdate", "PromptingForManagement"})
UNDER_WAY = PROMPTS | {"Queued", "Installing", "Updating"}
ATTEMPTS = 3  # to fetch a package while the server cannot be reached
_IPA_FAMILIES: dict[OsFamily, frozenset[int]] = {
    "iOS": frozenset({1}),
    "iPadOS": frozenset({1, 2}),
    "tvOS": frozenset({3}),
    "macOS": frozenset(),
}
_STORE_FAMILIES: dict[OsFamily, frozenset[str]] = {
    "iOS": frozenset({"iphone"}),
    "iPadOS": frozenset({"iphone", "ipad"}),
    "tvOS": frozenset({"tvos"}),
    "macOS": frozenset({"mac"}),
}


class Installer:
    """A device's installer. ``store``: None when no store can be asked. ``fault``: what goes wrong with every app."""

    def __init__(self, http: HttpClient, store: AppStore | None) -> None:
        self._http = http
        self._store = store
        self.fault: InstallFault = ""

    # --- the command ------------------------------------------------------------------------------------------

    def answer(self, command: Mapping[str, Any], hardware: Hardware, state: DeviceState) -> Answer:
        """What a device answers to InstallApplication."""
        coming = self._described(command, hardware)
        if isinstance(coming, Answer):
            return coming
        coming.is_managed = hardware.os_family != "macOS" or command.get("InstallAsManaged") is True
        coming.configuration = optional(command, "Configuration", dict, {}) if "Configuration" in command else None
        return self._begin(coming, state, takes_over=command.get("ChangeManagementState") == "Managed")

    def _described(self, command: Mapping[str, Any], hardware: Hardware) -> Installation | Answer:
        """What is to be installed, or why it will not be."""
        if "iTunesStoreID" in command:
            return self._of_store(command, hardware)
        try:
            manifest = fetch_manifest(self._http, required(command, "ManifestURL", str))
        except (PackageError, ServerUnreachable) as error:
            return rejected("Other", 12024, f"Could not validate app manifest. {error}")
        return Installation(
            identifier=manifest.identifier,
            name=manifest.title,
            version="",
            build=manifest.build,
            url=manifest.url,
            part_size=manifest.part_size,
            part_hashes=list(manifest.part_hashes),
            hash_name=manifest.hash_name,
        )

    def _of_store(self, command: Mapping[str, Any], hardware: Hardware) -> Installation | Answer:
        store_id = str(required(command, "iTunesStoreID", int))
        if optional(command, "Options", dict, {}).get("PurchaseMethod") != 1:
            return rejected("PurchaseMethodNotSupported", 12035, "The app cannot be purchased in this way.")
        try:
            listing = self._store.listing(store_id) if self._store else None
            if self._store is None or listing is None:
                return _unknown(store_id)
            if not self._store.is_licensed(store_id, hardware.serial):
                return unlicensed(store_id)
        except StoreUnreachable:
            return _unknown(store_id)
        if not _fits(listing, hardware):
            return rejected("NotSupported", 12027, f"“{listing.name}” cannot be installed on this device.")
        size = listing.size
        return Installation(listing.identifier, listing.name, listing.version, listing.version, size=size)

    def _begin(self, coming: Installation, state: DeviceState, *, takes_over: bool) -> Answer:
        """Puts it in the queue, or asks the user first."""
        present = state.app(coming.identifier)
        present = present if present and present.is_installed else None
        before = state.installation(coming.identifier)
        if before and before.status in UNDER_WAY:
            return rejected("AppAlreadyQueued", 12026, f"The app “{coming.identifier}” is already scheduled.")
        if present and not present.is_managed and not takes_over:
            return rejected("AppAlreadyInstalled", 12025, f"The app “{coming.identifier}” is already installed.")
        asks = self.fault == "user rejects" or not state.is_supervised
        if present and not present.is_managed and asks:
            coming.status = "PromptingForManagement"
        elif asks:
            coming.status = _worded("Prompting", present)
        if before:
            state.installations.remove(before)
        state.installations.append(coming)
        return Answer(fields={"Identifier": coming.identifier, "State": coming.status})

    # --- what follows -----------------------------------------------------------------------------------------

    def advance(self, hardware: Hardware, state: DeviceState) -> None:
        """Takes every installation one step further."""
        for coming in list(state.installations):
            present = state.app(coming.identifier)
            if coming.status in PROMPTS:
                coming.status = self._after_prompt(coming.status)
            elif coming.status == "Queued":
                self._fetch(coming, present, hardware)
            elif coming.status in ("Installing", "Updating"):
                self._finish(coming, hardware, state)

    def _after_prompt(self, status: str) -> str:
        if self.fault == "never agrees":
            return status
        if self.fault == "user rejects":
            return {"PromptingForManagement": "ManagementRejected", "Prompting": "UserRejected"}.get(
                status, "UpdateRejected"
            )
        return "Queued"

    def _fetch(self, coming: Installation, present: App | None, hardware: Hardware) -> None:
        """The package of an uploaded app; one of the store comes by itself."""
        try:
            if self.fault == "download fails":
                raise PackageError("The download broke off.")
            if coming.url:
                self._fetch_package(coming, hardware)
        except ServerUnreachable as error:
            coming.attempts += 1
            if coming.attempts >= ATTEMPTS:
                coming.fail(str(error))
        except PackageError as error:
            coming.fail(str(error))
        else:
            coming.status = _worded("Installing", present if present and present.is_installed else None)

    def _fetch_package(self, coming: Installation, hardware: Hardware) -> None:
        hashes = ["0" * 64 for _ in coming.part_hashes] if self.fault == "wrong hash" else coming.part_hashes
        manifest = Manifest(
            coming.identifier, coming.build, coming.name, coming.url, coming.part_size, tuple(hashes), coming.hash_name
        )
        package = fetch_package(self._http, manifest)
        if version_numbers(package.minimum_os) > version_numbers(hardware.os.version):
            raise PackageError(f"The app needs version {package.minimum_os} of the system.")
        if package.families and package.families.isdisjoint(_IPA_FAMILIES[hardware.os_family]):
            raise NotAnApp("The app is for other devices.")
        coming.name, coming.version, coming.build, coming.size = (
            package.name,
            package.version,
            package.build,
            package.size,
        )

    def _finish(self, coming: Installation, hardware: Hardware, state: DeviceState) -> None:
        free = hardware.capacity_gb * (1 - hardware.used_share) * 1e9
        if self.fault == "stuck":
            return
        if self.fault == "no space" or coming.size > free:
            coming.fail("There is not enough space.")
            return
        state.put_app(coming)
        state.installations.remove(coming)


def rejected(reason: str, code: int, text: str) -> Answer:
    return Answer("Error", {"RejectionReason": reason, "ErrorChain": error_chain(("MCMDMErrorDomain", code, text))})


def _unknown(store_id: str) -> Answer:
    return rejected("CouldNotVerifyAppID", 12023, f"Could not validate app ID {store_id}.")


def unlicensed(store_id: str) -> Answer:
    """12064 as iPhones answer (github.com/fleetdm/fleet, issue 31971), because of the store's 9610 (issue 28069)."""
    return error_answer(
        "MDMErrorDomain",
        12064,
        f"Could not retrieve license for the app with iTunes Store ID {store_id}.",
        ("ASDServerErrorDomain", 9610, "License not found"),
    )


def _worded(status: str, present: App | None) -> str:
    """An update has words of its own."""
    return WORDS[status] if present else status


def _fits(listing: Listing, hardware: Hardware) -> bool:
    if version_numbers(listing.minimum_os) > version_numbers(hardware.os.version):
        return False
    return not listing.families.isdisjoint(_STORE_FAMILIES[hardware.os_family])
