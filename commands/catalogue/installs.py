"""Commands that bring apps to Apple devices: uploaded versions, and apps of the store with a licence."""

import datetime as dt
import uuid
from typing import Any

from rest_framework import serializers

from apps_domain.downloads import manifest_url
from apps_domain.models import AppType, StoreApp, TenantAppVersion, VendorAppVersion
from apps_domain.selectors.builds import installable_version, store_version
from apps_domain.selectors.licences import assignment_of
from apps_domain.services.device_apps import record_installed_app
from apps_domain.services.store import known_store_app
from commands.apple.errors import has_code
from commands.catalogue import installing
from commands.catalogue.app_config import AppConfig, config_file, read_app_config
from commands.catalogue.apps import INSTALL_TIME, StoreAppArguments
from commands.catalogue.base import Command, Delivery, Undeliverable
from commands.catalogue.needs import needs
from commands.catalogue.verdicts import Answer, Failed, NextStep, PutOff, Succeeded, Verdict
from commands.models import CommandRequest
from commands.services.holds import hold_for_licences
from config.api.errors import BadRequest
from devices.models import Device
from devices.services.apple_inventory import record_managed_app
from devices.versions import is_older
from tenants.models import Tenant

ROUND = 100  # steps of one attempt: 0 tells to install, odd ones ask what is managed, even ones what is installed
ATTEMPTS = 4
ITEMS = ["Identifier", "Name", "ShortVersion", "Version", "BundleSize", "Installing"]
FAMILIES = {  # those of an app that run on a system; Macs take packages, which this server does not keep
    Device.Os.IOS: frozenset({"iphone"}),
    Device.Os.IPADOS: frozenset({"ipad", "iphone"}),
    Device.Os.TVOS: frozenset({"appletv"}),
}
CONFIG_HELP = (
    "Managed configuration for the app: base64 of a property list with a dictionary at its root, 64 kB at most"
)


class AppInstall(Command):
    """What both have in common: a device that took the command is asked until the app is there."""

    time_out = INSTALL_TIME
    judged = True
    secret_arguments = frozenset({"base64_app_config"})
    apple_how = "InstallApplication; then ManagedApplicationList and InstalledApplicationList until the app is there"

    def installation(self, delivery: Delivery) -> dict[str, Any]:
        """InstallApplication, without what both have in common. Undeliverable if the device cannot have the app.

        https://developer.apple.com/documentation/devicemanagement/installapplicationcommand
        """
        raise NotImplementedError

    def bundle_id(self, delivery: Delivery) -> str:
        raise NotImplementedError

    def is_wanted(self, delivery: Delivery, entry: dict[str, Any]) -> bool:
        """Whether what is installed is what was to be."""
        return True

    def note(self, delivery: Delivery, entry: dict[str, Any]) -> None:
        """The app is there."""
        raise NotImplementedError

    def apple(self, delivery: Delivery) -> dict[str, Any]:
        phase = delivery.step % ROUND
        if phase == 0:
            return {**self.installation(delivery), **_management(delivery)}
        wanted = {"Identifiers": [self.bundle_id(delivery)]}
        if phase % 2:
            return {"RequestType": "ManagedApplicationList", **wanted}
        return {"RequestType": "InstalledApplicationList", **wanted, "Items": ITEMS}

    def judge(self, delivery: Delivery, answer: Answer) -> Verdict:
        if answer.is_not_now:
            return PutOff()
        phase = delivery.step % ROUND
        if phase == 0:
            return self._after_telling(delivery, answer)
        try:
            return self._by_managed(delivery, answer) if phase % 2 else self._by_installed(delivery, answer)
        except Undeliverable as error:  # what was to be installed is gone meanwhile
            return Failed(str(error))

    def on_success(self, delivery: Delivery, report: dict[str, Any]) -> None:
        phase = delivery.step % ROUND
        entry = installing.installed_entry(report, self.bundle_id(delivery)) if phase and phase % 2 == 0 else {}
        if entry and self.is_wanted(delivery, entry):
            record_managed_app(delivery.device_id, entry)
            self.note(delivery, entry)

    def _after_telling(self, delivery: Delivery, answer: Answer) -> Verdict:
        attempt = delivery.step // ROUND + 1
        if any(has_code(answer.report, code) for code in installing.NOT_YET_LICENSED) and attempt < ATTEMPTS:
            return NextStep(attempt * ROUND, dt.timedelta(minutes=attempt), f"{answer.reason} It is tried again.")
        if refusal := installing.refusal(answer.report):
            return Failed(f"{refusal} {answer.reason}".strip())
        if answer.is_acknowledged or answer.report.get("RejectionReason") in installing.HARMLESS_REASONS:
            return self._look_again(delivery, installing.still_waiting(""))
        return Failed(answer.reason)

    def _by_managed(self, delivery: Delivery, answer: Answer) -> Verdict:
        state = installing.managed_state(answer.report, self.bundle_id(delivery))
        if state in installing.THERE:
            return NextStep(delivery.step + 1)
        if state in installing.REFUSED:
            return Failed(installing.REFUSED[state])
        in_vain = _look(delivery) >= installing.LOOKS_WITHOUT and delivery.device.os != Device.Os.MACOS
        if in_vain and (reason := installing.given_away(state)):  # a Mac lists only what it has
            return Failed(reason)
        return self._look_again(delivery, installing.still_waiting(state))

    def _by_installed(self, delivery: Delivery, answer: Answer) -> Verdict:
        entry = installing.installed_entry(answer.report, self.bundle_id(delivery))
        if entry and self.is_wanted(delivery, entry):
            return Succeeded()
        older = f"The device still has version {entry.get('ShortVersion', 'unknown')} of the app." if entry else ""
        return self._look_again(delivery, older or installing.still_waiting("Installing"))

    def _look_again(self, delivery: Delivery, told: str) -> Verdict:
        look = _look(delivery)
        if look >= installing.LOOKS:
            return Failed(installing.given_up(told))
        return NextStep(delivery.step // ROUND * ROUND + 2 * look + 1, installing.pause(look), told)


class InstallArguments(serializers.Serializer[Any]):
    app_version = serializers.UUIDField(help_text="Id of an uploaded app version")
    base64_app_config = AppConfig(required=False, help_text=CONFIG_HELP)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        told = super().to_internal_value(data)
        return {**told, "app_version": str(told["app_version"])}


class Install(AppInstall):
    """Installs an uploaded version of an app.

    On Apple devices it succeeds when the device lists that version, which may take hours; a device that is not
    supervised asks its user first.
    """

    name = "INSTALL"
    Arguments = InstallArguments
    apple_needs = needs(ios="9.0", tvos="10.2")

    def check(self, tenant: Tenant, args: dict[str, Any]) -> None:
        version = installable_version(tenant_id=tenant.pk, version_id=args["app_version"])
        if version is None:
            raise _refused("app_version", "no uploaded app version has this id.")
        if version.is_expired:
            ended = f"{version.signing_expires_at:%Y-%m-%d}"
            raise _refused(
                "app_version", f"its provisioning profile ended on {ended}; upload a build that is signed anew."
            )

    def installation(self, delivery: Delivery) -> dict[str, Any]:
        version = self._version(delivery)
        _require_fit(version, delivery.device)
        return {"ManifestURL": manifest_url(version, device_id=delivery.device_id)}

    def bundle_id(self, delivery: Delivery) -> str:
        return self._version(delivery).app.package_name

    def is_wanted(self, delivery: Delivery, entry: dict[str, Any]) -> bool:
        version = self._version(delivery)
        return (entry.get("ShortVersion"), entry.get("Version")) == (version.version_name, version.build_number)

    def note(self, delivery: Delivery, entry: dict[str, Any]) -> None:
        version = self._version(delivery)
        record_installed_app(
            device=delivery.device,
            app_type=AppType.TENANT_IOS if isinstance(version, TenantAppVersion) else AppType.ESPER_IOS,
            app_id=version.app_id,
            app_version_id=version.pk,
            bundle_id=version.app.package_name,
            version=version.version_name,
            app_config=config_file(delivery.args.get("base64_app_config")),
        )

    def _version(self, delivery: Delivery) -> TenantAppVersion | VendorAppVersion:
        found = installable_version(tenant_id=delivery.device.tenant_id, version_id=delivery.args["app_version"])
        if found is None:
            raise Undeliverable("The app version was deleted.")
        return found


class VppInstallArguments(StoreAppArguments):
    base64_app_config = AppConfig(required=False, help_text=CONFIG_HELP)


class VppAppInstall(AppInstall):
    """Installs an app from Apple's store with one of the tenant's licences.

    The licence is assigned to the device's serial number first; a device that has one already keeps it. Without a free
    licence the command fails. It succeeds when the device lists the app.
    """

    name = "VPP_APP_INSTALL"
    Arguments = VppInstallArguments
    apple_needs = needs(ios="9.0", tvos="10.2", macos="11.0")

    def check(self, tenant: Tenant, args: dict[str, Any]) -> None:
        """By the wrong bundle identifier the app would be waited for in vain."""
        known = StoreApp.objects.filter(tenant=tenant, apple_app_id=args["app_id"]).exclude(bundle_id="")
        right = known.values_list("bundle_id", flat=True).first()
        if right and right != args["bundle_identifier"]:
            raise _refused("bundle_identifier", f"Apple's store knows the app {args['app_id']} as {right}.")

    def on_queued(self, request: CommandRequest, device_ids: list[uuid.UUID]) -> list[uuid.UUID]:
        held = hold_for_licences(request, request.command_args["app_id"], device_ids)
        return [each for each in device_ids if each not in held]

    def installation(self, delivery: Delivery) -> dict[str, Any]:
        adam_id, device = delivery.args["app_id"], delivery.device
        assignment = assignment_of(tenant_id=device.tenant_id, serial=device.serial, adam_id=adam_id)
        if assignment is None or assignment.state != assignment.State.ASSIGNED:
            raise Undeliverable("The licence that was assigned to the device was taken away again.")
        return {"iTunesStoreID": int(adam_id), "Options": {"PurchaseMethod": 1}}

    def bundle_id(self, delivery: Delivery) -> str:
        return str(delivery.args["bundle_identifier"])

    def note(self, delivery: Delivery, entry: dict[str, Any]) -> None:
        app = known_store_app(tenant=delivery.device.tenant, adam_id=delivery.args["app_id"])
        version = str(entry.get("ShortVersion") or "")
        known = store_version(app=app, version=version)
        record_installed_app(
            device=delivery.device,
            app_type=AppType.VPP,
            app_id=app.pk,
            app_version_id=known.pk if known else None,
            bundle_id=self.bundle_id(delivery),
            version=version,
            app_config=config_file(delivery.args.get("base64_app_config")),
        )


def _look(delivery: Delivery) -> int:
    """How many looks there were, this one counted."""
    return (delivery.step % ROUND + 1) // 2


def _management(delivery: Delivery) -> dict[str, Any]:
    """Managed: it goes with the management. An app that is there already is taken over, if its user agrees."""
    told: dict[str, Any] = {"RequestType": "InstallApplication", "ManagementFlags": 1}
    if delivery.device.os == Device.Os.MACOS:
        told["InstallAsManaged"] = True
    else:
        told["ChangeManagementState"] = "Managed"
    if config := delivery.args.get("base64_app_config"):
        told["Configuration"] = read_app_config(config)
    return told


def _require_fit(version: TenantAppVersion | VendorAppVersion, device: Device) -> None:
    families = FAMILIES.get(Device.Os(device.os)) if device.os else None
    if families is not None and version.device_family and families.isdisjoint(version.device_family):
        raise Undeliverable(f"The app is for {', '.join(version.device_family)}, not for {device.os}.")
    if device.os_version and version.min_os_version and is_older(device.os_version, version.min_os_version):
        raise Undeliverable(f"The app needs version {version.min_os_version} of {device.os or 'the system'} or later.")
    named = {str(udid).upper() for udid in version.signing.get("udids") or ()}  # none: it is for all devices
    if named and device.udid and device.udid.upper() not in named:
        raise Undeliverable("The app's provisioning profile does not name this device (ad hoc distribution).")


def _refused(argument: str, told: str) -> BadRequest:
    return BadRequest(f"command_args: {argument}: {told}", content={"command_args": {argument: [told]}})
