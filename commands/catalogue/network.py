"""Commands about a device's networks."""

from typing import Any

from rest_framework import serializers

from commands.catalogue.base import Command
from commands.catalogue.fields import AccessPoints, FlagText, NumberText

ADDRESSES = ("static_ip", "subnet_mask", "gateway", "primary_dns")


class AccessPointArguments(serializers.Serializer[Any]):
    wifi_access_points = AccessPoints()


class AddWifiAp(Command):
    name = "ADD_WIFI_AP"
    Arguments = AccessPointArguments
    secret_arguments = frozenset({"wifi_access_points"})  # they hold passwords


class RemoveWifiAp(Command):
    name = "REMOVE_WIFI_AP"
    Arguments = AccessPointArguments
    secret_arguments = frozenset({"wifi_access_points"})


class UseOnlySavedWifiAp(Command):
    name = "USE_ONLY_SAVED_WIFI_AP"

    class Arguments(serializers.Serializer[Any]):
        use_only_saved_ap = serializers.BooleanField()


class SetEthernetSettings(Command):
    name = "SET_ETHERNET_SETTINGS"

    class Arguments(serializers.Serializer[Any]):
        ethernet_auth_mode = serializers.ChoiceField(["NONE", "EAP_TLS"])
        ethernet_ca_cert_alias = serializers.CharField(required=False, max_length=255)
        ethernet_client_cert_alias = serializers.CharField(required=False, max_length=255)
        ethernet_eap_identity = serializers.CharField(required=False, max_length=255)

        def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
            aliases = ("ethernet_ca_cert_alias", "ethernet_client_cert_alias")
            missing = [name for name in aliases if not attrs.get(name)]
            if attrs["ethernet_auth_mode"] == "EAP_TLS" and missing:
                raise serializers.ValidationError(dict.fromkeys(missing, ["is required with EAP_TLS."]))
            return attrs


class SetStaticIp(Command):
    """With DHCP the addresses mean nothing and may be left out. The page also spells the flag `dhcp_dnabled`."""

    name = "SET_STATIC_IP"

    class Arguments(serializers.Serializer[Any]):
        interface = serializers.ChoiceField(["wlan", "eth"])
        dhcp_enabled = FlagText(help_text="true or false")
        static_ip = serializers.IPAddressField(protocol="IPv4", required=False)
        subnet_mask = NumberText(min_value=1, max_value=32, required=False, help_text="Length of the prefix, 1 to 32")
        gateway = serializers.IPAddressField(protocol="IPv4", required=False)
        primary_dns = serializers.IPAddressField(protocol="IPv4", required=False)
        secondary_dns = serializers.IPAddressField(protocol="IPv4", required=False)

        def to_internal_value(self, data: Any) -> dict[str, Any]:
            if isinstance(data, dict) and "dhcp_enabled" not in data and "dhcp_dnabled" in data:
                data = {**data, "dhcp_enabled": data["dhcp_dnabled"]}
            return dict(super().to_internal_value(data))

        def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
            missing = [name for name in ADDRESSES if name not in attrs]
            if attrs["dhcp_enabled"] == "false" and missing:
                raise serializers.ValidationError(dict.fromkeys(missing, ["is required without DHCP."]))
            return attrs
