"""What somebody does with a device in hand. The server is not told of any of it."""

from onboarding.simulation.apple_answers import keep_profile
from onboarding.simulation.apple_profile import read_profile
from onboarding.simulation.apple_state import DeviceState, InstalledProfile


class InHand:
    """A device as its user knows it."""

    state: DeviceState

    def save(self) -> None:
        raise NotImplementedError

    def lock(self) -> None:
        """The screen locks."""
        self.state.locked = True
        self.save()

    def power_on(self) -> None:
        self.state.powered_on = True
        self.save()

    def set_passcode(self, passcode: str) -> None:
        """The user chooses a passcode; an empty one turns it off."""
        self.state.passcode_set, self.state.passcode = bool(passcode), passcode
        self.save()

    def delete_app(self, identifier: str) -> None:
        """The user deletes an app. Of a managed one the device remembers that it is managed."""
        app = self.state.app(identifier)
        if app and app.is_managed:
            app.is_installed = False
        else:
            self.state.forget_app(identifier)
        self.save()

    def remove_profile_by_hand(self, identifier: str) -> None:
        self.state.remove_profile(identifier)
        self.save()

    def install_profile_by_hand(self, data: bytes) -> None:
        """It is not managed. Raises ProfileError."""
        keep_profile(self.state, InstalledProfile(read_profile(data).identifier, data, managed=False))
        self.save()
