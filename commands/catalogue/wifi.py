"""Commands about Wi-Fi networks: add them, remove them, allow no others."""

import abc
from typing import Any

from rest_framework import serializers

from commands.apple.profiles import RESTRICTIONS, MadeProfile
from commands.apple.wifi import WIFI, AccessPoint, read_access_points, read_names, removal_of
from commands.catalogue.base import Delivery, Undeliverable
from commands.catalogue.fields import AccessPoints
from commands.catalogue.needs import needs
from commands.catalogue.profile_command import ProfileCommand
from commands.catalogue.verdicts import Answer, Failed, NextStep, Succeeded, Verdict
from devices.services.apple_inventory import has_payload
from devices.services.devices import record_settings


class AccessPointArguments(serializers.Serializer[Any]):
    wifi_access_points = AccessPoints(help_text="One network, or a list of them")


class AccessPointsCommand(ProfileCommand):
    """One profile for each network, in a step of its own."""

    Arguments = AccessPointArguments
    secret_arguments = frozenset({"wifi_access_points"})  # they hold passwords
    apple_needs = needs(ios="4.0", tvos="9.0", macos="10.7")
    already = "No profile of this server holds the network; what people joined themselves cannot be removed from here."

    @abc.abstractmethod
    def profiles(self, delivery: Delivery) -> list[tuple[str, MadeProfile]]:
        """Each network's name and profile. ValueError if the argument cannot be read."""

    def wanted(self, delivery: Delivery) -> MadeProfile:
        return self._steps(delivery)[delivery.step][1]

    def judge(self, delivery: Delivery, answer: Answer) -> Verdict:
        verdict = super().judge(delivery, answer)
        steps = self._steps(delivery)
        name, after = steps[delivery.step][0], delivery.step + 1
        if isinstance(verdict, Failed) and len(steps) > 1:
            left = [f"not sent: {', '.join(other for other, _ in steps[after:])}"] if steps[after:] else []
            return Failed("; ".join([f"{name}: {verdict.reason}", *left]))
        return NextStep(after, reason=verdict.reason) if isinstance(verdict, Succeeded) and steps[after:] else verdict

    def _steps(self, delivery: Delivery) -> list[tuple[str, MadeProfile]]:
        try:
            return self.profiles(delivery)
        except ValueError as error:
            raise Undeliverable(str(error)) from None


class AddWifiAp(AccessPointsCommand):
    """Adds Wi-Fi networks to those that the device joins by itself."""

    name = "ADD_WIFI_AP"
    apple_how = "InstallProfile (com.apple.wifi.managed), one for each network"

    def profiles(self, delivery: Delivery) -> list[tuple[str, MadeProfile]]:
        points = read_access_points(delivery.args["wifi_access_points"])
        return [(point.ssid, _profile(point)) for point in points]


def _profile(point: AccessPoint) -> MadeProfile:
    return MadeProfile(point.purpose, f"Wi-Fi: {point.ssid}", ((WIFI, point.payload()),))


class RemoveWifiAp(AccessPointsCommand):
    """Makes the device forget Wi-Fi networks.

    On Apple those that ADD_WIFI_AP added.
    """

    name = "REMOVE_WIFI_AP"
    apple_how = "RemoveProfile (those of ADD_WIFI_AP), one for each network"

    def profiles(self, delivery: Delivery) -> list[tuple[str, MadeProfile]]:
        return [(name, removal_of(name)) for name in read_names(delivery.args["wifi_access_points"])]


class UseOnlySavedWifiAp(ProfileCommand):
    """Restricts the device to the Wi-Fi networks that were set up for it, or allows others again.

    On Apple: set up by a profile, such as those of ADD_WIFI_AP. A device without any is not cut off but refuses.
    https://developer.apple.com/documentation/devicemanagement/restrictions: forceWiFiToAllowedNetworksOnly since iOS
    14.5, before (iOS 10.3) forceWiFiWhitelisting.
    """

    name = "USE_ONLY_SAVED_WIFI_AP"
    apple_needs = needs(ios="10.3", supervised=True)
    apple_how = "InstallProfile (com.apple.applicationaccess: forceWiFiToAllowedNetworksOnly), RemoveProfile"
    already = "The device was not restricted by USE_ONLY_SAVED_WIFI_AP."

    class Arguments(serializers.Serializer[Any]):
        use_only_saved_ap = serializers.BooleanField(help_text="Whether other networks are forbidden")

    def apple(self, delivery: Delivery) -> dict[str, Any]:
        if delivery.args["use_only_saved_ap"] and _would_be_cut_off(delivery):
            raise Undeliverable(
                "No profile on the device sets up a Wi-Fi network, so this would cut it off. Send ADD_WIFI_AP first, "
                "or INSTALL_PROFILE with a Wi-Fi payload."
            )
        return super().apple(delivery)

    def wanted(self, delivery: Delivery) -> MadeProfile:
        rule = {"forceWiFiToAllowedNetworksOnly": True, "forceWiFiWhitelisting": True}
        payloads = ((RESTRICTIONS, rule),) if delivery.args["use_only_saved_ap"] else ()
        return MadeProfile("saved-wifi-only", "Only Wi-Fi networks that were set up", payloads)

    def on_success(self, delivery: Delivery, report: dict[str, Any]) -> None:
        super().on_success(delivery, report)
        record_settings(delivery.device_id, use_only_saved_ap=delivery.args["use_only_saved_ap"])


def _would_be_cut_off(delivery: Delivery) -> bool:
    """Its profiles are known, none is for Wi-Fi, and it has no mobile network."""
    mobile = delivery.device.network_info.get("iccid1")
    return not mobile and has_payload(delivery.device_id, WIFI) is False
