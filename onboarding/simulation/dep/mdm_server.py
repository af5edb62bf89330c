"""One MDM server in an organisation's Apple Business Manager: its token, devices, what happened to them, profiles."""

import datetime as dt
import secrets
import sys
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from onboarding.simulation.dep.oauth import Credentials

Document = dict[str, Any]
YEAR = 365 * 86_400
MODELS: dict[str, tuple[str, str, str]] = {  # family: model as Apple writes it, description, operating system
    "iPhone": ("iPhone 15", "IPHONE 15 128GB BLACK-USA", "iOS"),
    "iPad": ("iPad (10th generation)", "IPAD 10TH GEN WI-FI 64GB BLUE-USA", "iOS"),
    "Mac": ("MacBook Air", "MBA 13.6 SPG/8C CPU/8C GPU/16GB/256G-USA", "OSX"),
    "AppleTV": ("Apple TV 4K", "APPLE TV 4K WI-FI 64GB-USA", "tvOS"),
}

LISTED_AS = {"iPhone": "iPhone", "iPad": "iPad", "Mac": "Mac", "Apple TV": "AppleTV"}  # what devices call themselves


class Refused(Exception):
    """Answered with this HTTP status and this word as the whole body."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


@dataclass(slots=True)
class ListedDevice:
    """As Apple's list names it. `place`: where it stands in the list."""

    serial: str
    device_family: str = "iPhone"
    model: str = ""
    description: str = ""
    color: str = "BLACK"
    asset_tag: str = ""
    os: str = ""
    assigned_at: float = 0.0
    assigned_by: str = "facilitator@example.com"
    profile_uuid: str = ""
    profile_status: str = "empty"
    profile_assigned_at: float = 0.0
    profile_pushed_at: float = 0.0
    place: int = -1

    def __post_init__(self) -> None:
        """Texts that many devices have are kept once."""
        model, description, os = MODELS.get(self.device_family, MODELS["iPhone"])
        self.model, self.description, self.os = self.model or model, self.description or description, self.os or os
        for name in ("device_family", "model", "description", "color", "asset_tag", "os", "assigned_by"):
            setattr(self, name, sys.intern(getattr(self, name)))


class Operation(NamedTuple):
    """`changes`: what this one word of Apple's says differently."""

    kind: str  # added, modified, deleted
    at: float
    device: ListedDevice
    changes: Document | None = None


@dataclass(slots=True)
class Result:
    """What becomes of a profile for one device, instead of the right thing."""

    result: str
    times: int | None = None


@dataclass
class Session:
    token: str
    ends_at: float
    requests: int = 0


class MdmServer:
    """Not safe for threads by itself: the stand-in holds its lock. `clock` gives seconds since 1970."""

    def __init__(
        self, name: str = "Muster", *, organisation: str = "Example Organisation", uuid: str = "", clock: Any = None
    ) -> None:
        self.name, self.organisation = name, organisation
        self.uuid = uuid or new_uuid()
        self.clock: Callable[[], float] = clock or _now
        self.consumer_key = f"CK_{secrets.token_hex(40)}"
        self.credentials = self._drawn()
        self.expires_at = self.clock() + YEAR
        self.accepts_terms = True
        self.denied: set[str] = set()  # endpoints that answer ACCESS_DENIED
        self.devices: dict[str, ListedDevice] = {}
        self.places: list[str | None] = []
        self.log: list[Operation] = []
        self.profiles: dict[str, Document] = {}
        self.results: dict[str, Result] = {}
        self.retry_after_seconds = 600
        self.sessions: dict[str, Session] = {}
        self.disowned: set[str] = set()

    # The token

    def _drawn(self) -> Credentials:
        drawn = (f"{kind}_{secrets.token_hex(20)}" for kind in ("CS", "AT", "AS"))
        return Credentials(self.consumer_key, *drawn)

    def renew_token(self) -> None:
        """As whoever downloads a new one: the one before ends at once."""
        self.credentials, self.expires_at = self._drawn(), self.clock() + YEAR
        self.sessions.clear()

    @property
    def has_expired(self) -> bool:
        return self.expires_at <= self.clock()

    @property
    def token(self) -> Document:
        """The JSON in the .p7m file."""
        told = self.credentials
        return {
            "consumer_key": told.consumer_key,
            "consumer_secret": told.consumer_secret,
            "access_token": told.access_token,
            "access_secret": told.access_secret,
            "access_token_expiry": moment(self.expires_at),
        }

    # What an administrator does in Apple Business Manager

    def add(self, *devices: ListedDevice | str, told: bool = True) -> None:
        """Gives devices to this server. `told`: the change is in what a sync reads."""
        for each in devices:
            device = each if isinstance(each, ListedDevice) else ListedDevice(each)
            self.remove(device.serial, told=False)
            device.place, device.assigned_at = len(self.places), device.assigned_at or self.clock()
            self.places.append(device.serial)
            self.devices[device.serial] = device
            if told:
                self.record("added", device)

    def remove(self, serial: str, *, told: bool = True) -> ListedDevice | None:
        """Takes a device from this server; None: it has none of this serial."""
        device = self.devices.pop(serial, None)
        if device is None:
            return None
        self.places[device.place] = None
        device.profile_uuid, device.profile_status = "", "empty"
        if told:
            self.record("deleted", device)
        return device

    def change(self, serial: str, **changes: Any) -> None:
        device = self.devices[serial]
        for name, value in changes.items():
            setattr(device, name, value)
        self.record("modified", device)

    def record(self, kind: str, device: ListedDevice, *, at: float | None = None, **changes: Any) -> None:
        """A word of what a sync reads, at whatever time and saying whatever."""
        self.log.append(Operation(kind, self.clock() if at is None else at, device, changes or None))

    def stock(self, number: int, *, prefix: str = "DEP", told: bool = False, families: Iterable[str] = MODELS) -> None:
        """So many devices, of the families in turn."""
        kinds = tuple(families)
        for index in range(number):
            self.add(ListedDevice(f"{prefix}{index:09d}", kinds[index % len(kinds)]), told=told)

    # Sessions

    def open_session(self, seconds: float) -> Session:
        now = self.clock()
        self.sessions = {token: each for token, each in self.sessions.items() if each.ends_at + 3600 > now}
        session = Session(f"{int(now)}O{secrets.token_hex(4)}O{secrets.token_hex(32)}", now + seconds)
        self.sessions[session.token] = session
        return session

    # Profiles

    def tell_result(self, result: str, *serials: str, times: int | None = None) -> None:
        """THROTTLED, NOT_ACCESSIBLE, FAILED for these devices' profiles, so many times (None: until told otherwise)."""
        for serial in serials:
            self.results[serial] = Result(result, times)

    def result_for(self, serial: str) -> str:
        """SUCCESS unless the device is not there or something else was ordered."""
        if serial not in self.devices:
            return "NOT_ACCESSIBLE"
        ordered = self.results.get(serial)
        if ordered is None:
            return "SUCCESS"
        if ordered.times is not None:
            ordered.times -= 1
            if ordered.times <= 0:
                del self.results[serial]
        return ordered.result

    def activation_record(self, serial: str) -> Document | None:
        """What a device is told that asks Apple before its set-up; None: it has no profile. It is pushed by that."""
        device = self.devices.get(serial)
        profile = self.profiles.get(device.profile_uuid) if device else None
        if device is None or profile is None:
            return None
        device.profile_status, device.profile_pushed_at = "pushed", self.clock()
        self.record("modified", device)
        return {**profile, "profile_uuid": device.profile_uuid}


def moment(seconds: float) -> str:
    """As Apple writes a time."""
    return _moment(int(seconds))


@lru_cache(maxsize=4096)
def _moment(seconds: int) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def new_uuid() -> str:
    return uuid.uuid4().hex.upper()


def _now() -> float:
    return dt.datetime.now(dt.UTC).timestamp()
