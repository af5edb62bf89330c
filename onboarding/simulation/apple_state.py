"""What a simulated device remembers and what its user can change."""

import secrets
import uuid
from dataclasses import dataclass, field
from typing import Any

from onboarding.simulation.apple_hardware import Hardware
from onboarding.simulation.apple_profile import EnrolmentProfile, ScepPayload
from onboarding.simulation.identity import Identity

PASSCODE_SYSTEMS = ("iOS", "iPadOS")


@dataclass
class App:
    """An app on the device. ``version`` is the one people see, ``build`` (when there is one) the bundle's own."""

    identifier: str
    name: str
    version: str
    size: int
    """In bytes."""
    build: str = ""
    is_managed: bool = False
    """The management server installed it: it leaves with the management, and the server may remove it."""
    is_system: bool = False
    is_installed: bool = True
    """False: its user deleted a managed app; the device still knows that it is managed."""
    configuration: dict[str, Any] = field(default_factory=dict)
    from_manifest: bool = False
    """It came by a manifest of the server's and not from the store."""


@dataclass
class Installation:
    """An app on its way to the device, or one that did not get there."""

    identifier: str
    name: str
    version: str
    build: str
    status: str = "Queued"
    """As ManagedApplicationList names it."""
    trouble: str = ""
    """Why it failed; devices do not tell."""
    url: str = ""
    """Of the package; empty for an app of the store."""
    part_size: int = 0
    part_hashes: list[str] = field(default_factory=list)
    hash_name: str = "sha256"
    size: int = 0
    is_managed: bool = True
    configuration: dict[str, Any] | None = None
    """None: the app keeps the one that it has."""
    attempts: int = 0

    def fail(self, trouble: str) -> None:
        self.status, self.trouble = "Failed", trouble


@dataclass
class InstalledProfile:
    """A profile as it arrived; ``managed`` when the management server installed it."""

    identifier: str
    data: bytes
    managed: bool


@dataclass
class Declared:
    """What the server declares to the device; all of it as JSON."""

    is_on: bool = False
    """Declarative management is off until its first command."""
    due: str = ""
    """The endpoint to ask next, if there is anything to ask."""
    token: str = ""
    documents: list[dict[str, Any]] = field(default_factory=list)
    told: dict[str, Any] = field(default_factory=dict)
    """The status items as last reported."""
    update_failure: str = ""
    """Why the last enforced update of the system failed."""


@dataclass(frozen=True)
class LostMode:
    """What the screen of a lost device shows; empty strings for what it does not."""

    message: str
    phone_number: str
    footnote: str


@dataclass
class Management:
    """The device's bond with one server, from enrolment to unenrolment."""

    profile_identifier: str
    scep: ScepPayload
    server_url: str
    check_in_url: str
    topic: str
    sign_message: bool
    check_out_when_removed: bool
    identity: Identity
    push_token: bytes
    push_magic: str
    unlock_token: bytes
    """Empty for a device whose passcode no server can clear: an Apple TV, a Mac."""
    by_ade: bool = False
    """It began in the set-up assistant, by a profile that Apple told of."""

    @classmethod
    def begin(cls, enrolment: EnrolmentProfile, identity: Identity, hardware: Hardware) -> "Management":
        """A new bond: fresh push token, magic and unlock token."""
        return cls(
            profile_identifier=enrolment.identifier,
            scep=enrolment.scep,
            server_url=enrolment.server_url,
            check_in_url=enrolment.check_in_url,
            topic=enrolment.topic,
            sign_message=enrolment.sign_message,
            check_out_when_removed=enrolment.check_out_when_removed,
            identity=identity,
            push_token=secrets.token_bytes(32),
            push_magic=str(uuid.uuid4()).upper(),
            unlock_token=secrets.token_bytes(1024) if hardware.os_family in PASSCODE_SYSTEMS else b"",
        )


@dataclass
class DeviceState:
    """Everything that changes in a device's life."""

    name: str
    battery_level: float
    """0.0 to 1.0"""
    is_supervised: bool
    passcode_set: bool = True
    passcode: str = "482915"
    """What its user chose; it counts while ``passcode_set``."""
    locked: bool = False
    powered_on: bool = True
    last_status: str = ""
    """The status of the last report sent: only after NotNow does a device come back by itself."""
    times_erased: int = 0
    time_zone: str = "Etc/UTC"
    bluetooth_enabled: bool = True
    data_roaming: bool = False
    voice_roaming: bool = False
    personal_hotspot: bool = False
    host_name: str = ""
    organization_info: dict[str, Any] = field(default_factory=dict)
    mdm_options: dict[str, Any] = field(default_factory=dict)
    lock_screen_wallpaper: bytes = b""
    """The image as the server sent it; empty: the one it came with."""
    home_screen_wallpaper: bytes = b""
    lost_mode: LostMode | None = None
    lost_mode_sounds: int = 0
    """How often it was told to make itself heard."""
    profiles: list[InstalledProfile] = field(default_factory=list)
    apps: list[App] = field(default_factory=list)
    installations: list[Installation] = field(default_factory=list)
    management: Management | None = None
    declared: Declared = field(default_factory=Declared)
    os_version: str = ""
    """The system that it was updated to; empty: the one it came with."""
    os_build: str = ""
    in_setup: bool = False
    """It is in its set-up assistant: new, or erased."""
    awaiting_configuration: bool = False
    """There it waits for its server's word that it is configured."""
    setup_updates: int = 0
    """How often its server made it update before it enrolled."""
    factory: dict[str, Any] = field(default_factory=dict)
    """The key and the certificates that it left the factory with, once they were needed."""

    @classmethod
    def fresh(cls, hardware: Hardware, apps: list[App] | None = None) -> "DeviceState":
        """A device as it is when its user has just set it up. ``apps``: instead of the usual ones."""
        return cls(
            name=hardware.name,
            battery_level=hardware.battery_level,
            is_supervised=hardware.is_supervised,
            passcode_set=hardware.os_family in PASSCODE_SYSTEMS,
            time_zone=hardware.time_zone,
            apps=usual_apps() if apps is None else list(apps),
        )

    @classmethod
    def boxed(cls, hardware: Hardware) -> "DeviceState":
        """A device that nobody has set up: only the system's own apps are there."""
        state = cls.fresh(hardware, [app for app in usual_apps() if app.is_system])
        state.passcode_set, state.in_setup = False, True
        return state

    def erased(self, hardware: Hardware) -> "DeviceState":
        """The device after its erasure. Its system stays, and what the factory gave it."""
        state = self.boxed(hardware)
        state.times_erased = self.times_erased + 1
        state.os_version, state.os_build, state.factory = self.os_version, self.os_build, self.factory
        return state

    def app(self, identifier: str) -> App | None:
        """The app of that bundle identifier, installed or still known as a managed one."""
        return next((app for app in self.apps if app.identifier == identifier), None)

    def installation(self, identifier: str) -> Installation | None:
        return next((coming for coming in self.installations if coming.identifier == identifier), None)

    def put_app(self, coming: Installation) -> None:
        """The app has arrived: in place of the one that it updates, with what that one keeps."""
        old = self.app(coming.identifier)
        configuration = coming.configuration if coming.configuration is not None else old.configuration if old else {}
        app = App(
            coming.identifier,
            coming.name,
            coming.version,
            coming.size,
            build=coming.build,
            is_managed=coming.is_managed or (old is not None and old.is_managed),
            configuration=dict(configuration),
            from_manifest=bool(coming.url),
        )
        self.apps = [app if each is old else each for each in self.apps] if old else [*self.apps, app]

    def forget_app(self, identifier: str) -> bool:
        """Whether there was one, or one on its way."""
        kept = [app for app in self.apps if app.identifier != identifier]
        coming = [each for each in self.installations if each.identifier != identifier]
        found = len(kept) < len(self.apps) or len(coming) < len(self.installations)
        self.apps, self.installations = kept, coming
        return found

    def remove_profile(self, identifier: str) -> None:
        self.profiles = [profile for profile in self.profiles if profile.identifier != identifier]

    def removable(self) -> list[str]:
        """Identifiers of what came by the server and its user can remove: profiles, and apps."""
        profiles = [profile.identifier for profile in self.profiles if profile.managed]
        return profiles + [app.identifier for app in self.apps if app.is_managed and app.is_installed]

    def use_battery(self) -> None:
        """One connection's worth; before it is empty somebody charges it."""
        level = self.battery_level - 0.01
        self.battery_level = round(level if level > 0.1 else 1.0, 2)

    def forget_server(self) -> None:
        """Unenrolment takes everything the server brought with it."""
        management, self.management = self.management, None
        self.last_status, self.declared, self.awaiting_configuration = "", Declared(), False
        if management is None:
            return
        self.apps = [app for app in self.apps if not app.is_managed]
        self.installations = []
        self.profiles = [
            profile
            for profile in self.profiles
            if not profile.managed and profile.identifier != management.profile_identifier
        ]


def usual_apps() -> list[App]:
    """What a device comes with: the system's own, two of its user's, and two as if its server had installed them."""
    return [
        App("com.apple.mobilesafari", "Safari", "18.3", 3_145_728, is_system=True),
        App("com.apple.camera", "Camera", "1.0", 1_048_576, is_system=True),
        App("com.apple.mobilemail", "Mail", "1.0", 2_097_152, is_system=True),
        App("com.apple.Preferences", "Settings", "1.0", 2_621_440, is_system=True),
        App("com.example.notes", "Example Notes", "4.2.1", 48_234_496),
        App("com.example.scanner", "Example Scanner", "11.0.3", 121_634_816),
        App("com.example.kiosk", "Example Kiosk", "3.1.0", 64_487_424, build="3100", is_managed=True),
        App("com.example.forms", "Example Forms", "2.0.5", 33_554_432, build="2005", is_managed=True),
    ]
