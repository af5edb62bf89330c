"""Commands about a device's addresses and its wired network."""

from typing import Any

from rest_framework import serializers

from commands.catalogue.base import Command
from commands.catalogue.fields import FlagText, NumberText
from config.api.fields import OneOfField

ADDRESSES = ("static_ip", "subnet_mask", "gateway", "primary_dns")


class SetEthernetSettings(Command):
    """Sets how the device authenticates itself on a wired network (802.1X)."""

    name = "SET_ETHERNET_SETTINGS"
    why_not_apple = (
        "Apple devices take certificates only together with the network's settings: send INSTALL_PROFILE with a "
        "profile that holds both."
    )

    class Arguments(serializers.Serializer[Any]):
        ethernet_auth_mode = OneOfField(["NONE", "EAP_TLS"], help_text="EAP_TLS uses certificates")
        ethernet_ca_cert_alias = serializers.CharField(
            required=False, max_length=255, help_text="The authority's certificate on the device; required with EAP_TLS"
        )
        ethernet_client_cert_alias = serializers.CharField(
            required=False, max_length=255, help_text="The device's own certificate on it; required with EAP_TLS"
        )
        ethernet_eap_identity = serializers.CharField(
            required=False, max_length=255, help_text="The name that the device gives of itself"
        )

        def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
            aliases = ("ethernet_ca_cert_alias", "ethernet_client_cert_alias")
            missing = [name for name in aliases if not attrs.get(name)]
            if attrs["ethernet_auth_mode"] == "EAP_TLS" and missing:
                raise serializers.ValidationError(dict.fromkeys(missing, ["is required with EAP_TLS."]))
            return attrs


class SetStaticIp(Command):
    """Gives one of the device's networks a fixed address, or returns it to DHCP.

    With DHCP the addresses mean nothing and may be left out.
    """

    name = "SET_STATIC_IP"
    why_not_apple = "Apple's protocol sets no addresses: reserve the device's address on the DHCP server."

    class Arguments(serializers.Serializer[Any]):
        interface = OneOfField(["wlan", "eth"], help_text="Wi-Fi (wlan) or wired (eth)")
        dhcp_enabled = FlagText(help_text="true, or false: then the addresses are required")
        static_ip = serializers.IPAddressField(protocol="IPv4", required=False, help_text="The device's address")
        subnet_mask = NumberText(min_value=1, max_value=32, required=False, help_text="Length of the prefix, 1 to 32")
        gateway = serializers.IPAddressField(protocol="IPv4", required=False, help_text="The router's address")
        primary_dns = serializers.IPAddressField(protocol="IPv4", required=False, help_text="The first name server")
        secondary_dns = serializers.IPAddressField(protocol="IPv4", required=False, help_text="A second name server")

        def to_internal_value(self, data: Any) -> dict[str, Any]:
            """The API's description of the command spells the flag `dhcp_dnabled`; both are taken."""
            if isinstance(data, dict) and "dhcp_enabled" not in data and "dhcp_dnabled" in data:
                data = {**data, "dhcp_enabled": data["dhcp_dnabled"]}
            return dict(super().to_internal_value(data))

        def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
            missing = [name for name in ADDRESSES if name not in attrs]
            if attrs["dhcp_enabled"] == "false" and missing:
                raise serializers.ValidationError(dict.fromkeys(missing, ["is required without DHCP."]))
            return attrs
