"""Apps of iPhones and iPads: installed ones, the one of the kiosk mode, web clips."""

from typing import Any

from rest_framework import serializers

from commands.blueprints.schema.base import Group
from commands.blueprints.schema.fields import Address, AppId, BundleId, Flag, Id, Image, ManagedConfig, OneOf, Text

APP_TYPES = ("VPP", "TENANT_IOS", "ESPER_IOS", "WEBCLIP", "PRELOADED")
LATEST = "latest"
PNG = (b"\x89PNG\r\n\x1a\n",)
WEB_CLIP = "WEBCLIP is no app here: list it under web_clips."
VERSION_HELP = (
    "TENANT_IOS and ESPER_IOS: id of the version. VPP: id of a version, or `latest` (the same if it is absent), as "
    "Apple's store only gives the newest. PRELOADED: none"
)
TYPE_HELP = (
    "VPP: of Apple's store, with a licence of yours. TENANT_IOS: uploaded by you. ESPER_IOS: published by the vendor. "
    "PRELOADED: comes with the system. WEBCLIP is refused: web clips are listed under `web_clips`"
)
ID_HELP = (
    "VPP: the store app's id, or its Apple ID (digits). TENANT_IOS, ESPER_IOS: the app's id. PRELOADED: its bundle "
    "identifier"
)


class AppReference(Group):
    """An app by its kind and its id."""

    app_id = AppId(help_text=ID_HELP)
    app_type = OneOf(APP_TYPES, help_text=TYPE_HELP)

    def validate_app_type(self, kind: str) -> str:
        if kind == "WEBCLIP":
            raise serializers.ValidationError(WEB_CLIP)
        return kind


class IosKioskApp(AppReference):
    """The app that a device in kiosk mode shows. Needs supervision."""

    title = "Kiosk app"
    reference = "https://developer.apple.com/documentation/devicemanagement/applock"

    app_id = AppId(help_text=f"{ID_HELP}. All but a preloaded one must be among `apps`")


class IosApp(AppReference):
    """Apps that the device has, managed: they go when the blueprint names them no more. Always applied.

    With supervision they come silently; without it people are asked first.
    """

    title = "Apps"
    reference = "https://developer.apple.com/documentation/devicemanagement/installapplicationcommand"
    is_list = True

    app_version_id = Text(required=False, allow_null=True, allow_blank=True, max_length=64, help_text=VERSION_HELP)
    state = OneOf(("SHOW",), default="SHOW", help_text="Apps of Apple's are always shown")
    base64_app_config = ManagedConfig(
        required=False,
        allow_blank=True,
        help_text=(
            "Managed configuration: base64 of a property list with a dictionary at its root, 64 kB at most. Kept "
            "secret: answers show `********`, which may be sent back to keep it"
        ),
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        app = {key: value for key, value in attrs.items() if value not in (None, "")}
        kind, version = app["app_type"], app.pop("app_version_id", None)
        if kind == "PRELOADED":
            return app
        if kind == "VPP":
            version = version or LATEST
        elif version is None:
            raise serializers.ValidationError({"app_version_id": ["is needed for this type of app."]})
        return {**app, "app_version_id": version}


class IosWebClip(Group):
    """Pages with an icon on the home screen. Without supervision too. Always applied."""

    title = "Web clips"
    reference = "https://developer.apple.com/documentation/devicemanagement/webclip"
    is_list = True
    most = 100

    label = Text(help_text="What stands under the icon")  # type: ignore[assignment]
    url = Address(help_text="The page")
    icon = Image(
        write_only=True,
        required=False,
        kinds=PNG,
        told="a PNG",
        help_text="Base64 of a PNG, square is best; it is stored and replaced by its id",
    )
    icon_id = Id(required=False, help_text="Id of a stored picture, as answers show it")
    is_full_screen = Flag(default=False, help_text="true: without the browser's bars")
    is_removable = Flag(default=True, help_text="false: people cannot remove it")
    target_bundle_id = BundleId(required=False, help_text="Bundle identifier of the app that opens it; needs iOS 14")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "icon" in attrs and "icon_id" in attrs:
            raise serializers.ValidationError("takes icon or icon_id, not both.")
        return attrs


class IosProvisioningProfile(Group):
    """Provisioning profiles, as the contract has them. Kept only: builds that are uploaded here carry their own."""

    title = "Provisioning profiles"
    reference = "https://developer.apple.com/documentation/devicemanagement/installprovisioningprofilecommand"
    is_list = True

    profile_id = Id(help_text="Id of the profile")
    profile_version_id = Id(help_text="Id of its version")
