"""What Apps and Books answers, read with care: odd entries are left out, odd answers are errors."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from apps_domain.clients.vpp_errors import Kind, VppError, kind_of

T = TypeVar("T")
Document = dict[str, Any]


@dataclass(frozen=True)
class MdmInfo:
    """Which device-management server a location says it belongs to."""

    id: str
    name: str


@dataclass(frozen=True)
class ClientConfig:
    uid: str
    location_name: str
    country: str
    mdm_info: MdmInfo | None
    notification_url: str
    notification_token: str
    notification_types: frozenset[str]


@dataclass(frozen=True)
class ServiceConfig:
    limits: dict[str, int] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)

    def most(self, name: str, otherwise: int) -> int:
        """A limit of Apple's, at least 1."""
        return max(self.limits.get(name, otherwise), 1)


@dataclass(frozen=True)
class Asset:
    """`total` None: there is no limit."""

    adam_id: str
    pricing_param: str
    product_type: str
    total: int | None
    retired: int
    is_device_assignable: bool
    is_revocable: bool
    platforms: list[str]


@dataclass(frozen=True)
class Assigned:
    adam_id: str
    pricing_param: str
    serial: str
    client_user_id: str


@dataclass(frozen=True)
class Page(Generic[T]):
    items: list[T]
    index: int
    next_index: int | None
    version: str


@dataclass(frozen=True)
class Failure:
    number: int | None
    message: str
    kind: Kind
    serials: frozenset[str]


@dataclass(frozen=True)
class EventStatus:
    state: str  # PENDING, COMPLETE, FAILED
    failures: list[Failure]


def text(value: object, longest: int) -> str:
    """Empty if it is no text, too long, or has what a database does not take."""
    told = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return told if isinstance(told, str) and len(told) <= longest and "\0" not in told else ""


def number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else None


def entries(document: Document, name: str) -> list[Document]:
    found = document.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def mdm_info(document: Document) -> MdmInfo | None:
    found = document.get("mdmInfo")
    if not isinstance(found, dict) or not text(found.get("id"), 255):
        return None
    return MdmInfo(text(found["id"], 255), text(found.get("name"), 255))


def client_config(document: Document) -> ClientConfig:
    uid = text(document.get("uId"), 64)
    if not uid:
        raise VppError("Apple did not tell which location the token is of.", kind=Kind.THEIRS)
    types = document.get("subscribedNotificationTypes")
    return ClientConfig(
        uid=uid,
        location_name=text(document.get("locationName"), 255),
        country=text(document.get("countryISO2ACode"), 2).lower(),
        mdm_info=mdm_info(document),
        notification_url=text(document.get("notificationUrl"), 1000),
        notification_token=text(document.get("notificationAuthToken"), 1000),
        notification_types=frozenset(filter(None, (text(each, 64) for each in types)))
        if isinstance(types, list)
        else frozenset(),
    )


def service_config(document: Document) -> ServiceConfig:
    limits, urls = document.get("limits"), document.get("urls")
    return ServiceConfig(
        limits={name: found for name, value in limits.items() if (found := number(value)) is not None}
        if isinstance(limits, dict)
        else {},
        urls={name: value for name, value in urls.items() if text(value, 1000)} if isinstance(urls, dict) else {},
    )


def asset(entry: Document) -> Asset | None:
    """None if it is not known of what."""
    adam_id, pricing = text(entry.get("adamId"), 20), text(entry.get("pricingParam"), 8) or "STDQ"
    if not adam_id.isdecimal():
        return None
    platforms = entry.get("supportedPlatforms")
    return Asset(
        adam_id=adam_id,
        pricing_param=pricing,
        product_type=text(entry.get("productType"), 16),
        total=number(entry.get("totalCount")) if "totalCount" in entry else None,
        retired=number(entry.get("retiredCount")) or 0,
        is_device_assignable=entry.get("deviceAssignable") is not False,
        is_revocable=entry.get("revocable") is not False,
        platforms=[name for each in platforms if (name := text(each, 32))] if isinstance(platforms, list) else [],
    )


def assigned(entry: Document) -> Assigned | None:
    """None if it is not known of what, or to whom."""
    adam_id, pricing = text(entry.get("adamId"), 20), text(entry.get("pricingParam"), 8) or "STDQ"
    serial, person = text(entry.get("serialNumber"), 64), text(entry.get("clientUserId"), 255)
    if not adam_id.isdecimal() or not (serial or person):
        return None
    return Assigned(adam_id, pricing, serial, person)


def page(document: Document, name: str, read: Callable[[Document], T | None]) -> Page[T]:
    index = number(document.get("currentPageIndex")) or 0
    return Page(
        items=[found for entry in entries(document, name) if (found := read(entry)) is not None],
        index=index,
        next_index=number(document.get("nextPageIndex")),
        version=text(document.get("versionId"), 255),
    )


def failure(entry: Document) -> Failure:
    told, info = number(entry.get("errorNumber")), entry.get("errorInfo")
    serials = info.get("serialNumbers") if isinstance(info, dict) else None
    return Failure(
        number=told,
        message=text(entry.get("errorMessage"), 1000)[:200] or "Apple gave no reason.",
        kind=kind_of(told, 400),
        serials=frozenset(text(each, 64) for each in serials) if isinstance(serials, list) else frozenset(),
    )


def event_status(document: Document) -> EventStatus:
    state = text(document.get("eventStatus"), 16)
    if state not in ("PENDING", "COMPLETE", "FAILED"):
        raise VppError("Apple did not tell how a request goes.", kind=Kind.THEIRS)
    return EventStatus(state, [failure(entry) for entry in entries(document, "failures")])
