"""Wi-Fi networks of iPhones and iPads."""

from typing import Any

from rest_framework import serializers

from commands.apple.wifi import MAX_SSID, read_access_points
from commands.blueprints.schema.base import Group
from commands.blueprints.schema.fields import Address, Flag, Id, OneOf, Text, Whole

READ = ("ssid", "password", "security", "hidden", "proxy_host", "proxy_port", "proxy_pac_url")


class Ssid(Text):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **kwargs)

    def read(self, text: str) -> str:
        if len(text.encode()) > MAX_SSID:
            raise serializers.ValidationError(f"must be {MAX_SSID} bytes at most.")
        return text


class IosWifiNetwork(Group):
    """Networks that the device joins by itself. Without supervision too. Always applied."""

    title = "Wi-Fi networks"
    reference = "https://developer.apple.com/documentation/devicemanagement/wifi"
    is_list = True
    most = 50

    wifi_network_id = Id(required=False, help_text="Names the network from version to version; given if it is absent")
    ssid = Ssid(help_text="The network's name, as it is sent")
    password = Text(
        required=False,
        allow_blank=True,
        trim_whitespace=False,
        help_text="Kept secret: answers show `********`, which may be sent back to keep it",
    )
    security = OneOf(
        ("NONE", "WEP", "WPA", "WPA2", "WPA3", "ANY"),
        required=False,
        help_text="How it is encrypted. Absent: ANY with a password, NONE without",
    )
    hidden = Flag(default=False, help_text="true: the network does not tell its name")
    auto_join = Flag(default=True, help_text="false: people choose when to join it")
    proxy_host = Text(required=False, allow_blank=True, help_text="A proxy's host name or address")
    proxy_port = Whole(1, 65535, required=False, help_text="The proxy's port, with proxy_host")
    proxy_pac_url = Address(
        required=False, allow_blank=True, help_text="Where the proxy's configuration is, instead of proxy_host"
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        network = {key: value for key, value in attrs.items() if value != ""}
        if "proxy_host" in network and "proxy_pac_url" in network:
            raise serializers.ValidationError("takes proxy_host or proxy_pac_url, not both.")
        if "proxy_port" in network and "proxy_host" not in network:
            raise serializers.ValidationError({"proxy_port": ["needs a proxy_host."]})
        network.setdefault("security", "ANY" if "password" in network else "NONE")
        try:
            read_access_points({key: network[key] for key in READ if key in network})
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from None
        return network
