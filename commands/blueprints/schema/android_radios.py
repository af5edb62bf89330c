"""Networks, radios and telephony of Android devices."""

from commands.blueprints.schema.base import Group, PolicyGroup, StrictPolicyGroup
from commands.blueprints.schema.fields import Flag, OneOf, Text, Texts

STATES = ("ENABLE", "DISABLE")
TAGS = "Tags of numbers"


class AndroidWifi(StrictPolicyGroup):
    """Whether Wi-Fi is on, and whether people may change that."""

    title = "Wi-Fi"

    allow_wifi = Flag(help_text="Whether people may change the Wi-Fi settings")
    wifi_state = OneOf(STATES, help_text="ENABLE: Wi-Fi is on")


class AndroidBluetooth(StrictPolicyGroup):
    """Whether Bluetooth is on, and whether people may change that."""

    title = "Bluetooth"

    allow_bluetooth = Flag(help_text="Whether people may change the Bluetooth settings")
    bluetooth_state = OneOf(STATES, required=False, help_text="ENABLE: Bluetooth is on")


class AndroidSms(StrictPolicyGroup):
    """Whether text messages can be sent and received."""

    title = "Text messages"

    allow_sms = Flag(help_text="false: no text messages")


class AndroidNfc(StrictPolicyGroup):
    """Whether NFC works."""

    title = "NFC"

    allow_nfc = Flag(help_text="false: NFC is off")


class AndroidIncomingNumbers(StrictPolicyGroup):
    """Who may call the device."""

    title = "Incoming calls"

    allow_all_numbers = Flag(help_text="false: only the allowed numbers")
    allowed_numbers = Texts(required=False, help_text="Telephone numbers")
    tags = Texts(required=False, help_text=TAGS)


class AndroidOutgoingNumbers(StrictPolicyGroup):
    """Whom the device may call."""

    title = "Outgoing calls"

    allow_all_numbers = Flag(help_text="false: only the allowed numbers")
    allow_ussd_codes = Flag(default=False, help_text="Whether codes such as *100# can be dialled")
    allowed_numbers = Texts(required=False, help_text="Telephone numbers")
    tags = Texts(required=False, help_text=TAGS)


class AndroidEthernet(StrictPolicyGroup):
    """How the device signs in at a wired network."""

    title = "Ethernet"

    auth_mode = OneOf(("NONE", "EAP-TLS"), required=False, help_text="EAP-TLS: with certificates")
    ca_cert_alias = Text(required=False, allow_blank=True, help_text="Name of the authority's certificate")
    client_cert_alias = Text(required=False, allow_blank=True, help_text="Name of the device's certificate")
    eap_identity = Text(required=False, allow_blank=True, help_text="Who the device says it is")


class AndroidWifiNetwork(Group):
    """Networks that the device joins by itself."""

    title = "Wi-Fi networks"
    is_list = True
    most = 50

    wifi_network_id = Text(help_text="Id of the network")
    certificate_file_path = Text(required=False, allow_blank=True, help_text="Where its certificate is on the device")
    certificate_file_password = Text(
        required=False,
        allow_blank=True,
        trim_whitespace=False,
        help_text="Kept secret: answers show `********`, which may be sent back to keep it",
    )


class AndroidSavedAp(StrictPolicyGroup):
    """Whether other networks than those set up can be joined."""

    title = "Saved networks only"

    use_only_saved_ap = Flag(help_text="true: no other networks")


class AndroidMacRandomization(PolicyGroup):
    """Whether the device shows another hardware address to each network."""

    title = "Random hardware addresses"

    allow_mac_address_randomization = Flag(required=False, help_text="false: always its own address")


class AndroidStrictWifi(PolicyGroup):
    """Whether networks that the blueprint does not name are taken off the device."""

    title = "Strict Wi-Fi synchronisation"

    allow_strict_wifi_synchronization = Flag(required=False, help_text="true: they are")


class AndroidUsbTethering(PolicyGroup):
    """Whether the device's network can be shared by cable."""

    title = "USB tethering"

    allow_usb_tethering = Flag(required=False, help_text="false: it cannot")
