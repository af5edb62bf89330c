"""What device assignment answers, read with care: odd entries are left out, over-long texts cut, odd answers errors."""

import datetime as dt
import re
from dataclasses import asdict, dataclass, fields
from typing import Any

from onboarding.clients.dep_errors import DepError, Kind

Document = dict[str, Any]

LONGEST_SERIAL = 128
LONGEST_CURSOR = 10_000  # Apple says a thousand
LONGEST_WAIT = 24 * 3600
SUCCESS = "SUCCESS"
UUID = re.compile(r"[0-9A-F]{32}")


@dataclass(frozen=True)
class Account:
    """The MDM server that a token is of, and whose it is; no people."""

    server_name: str
    server_uuid: str
    org_name: str
    org_id: str
    org_id_hash: str
    org_type: str
    org_version: str

    def document(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True)
class Listed:
    """A device as Apple describes it. `op_type` and `op_at` come with changes only; "" and None: not told."""

    serial: str
    model: str
    description: str
    color: str
    asset_tag: str
    device_family: str
    os: str
    device_assigned_by: str
    device_assigned_at: dt.datetime | None
    profile_status: str
    profile_uuid: str
    profile_assigned_at: dt.datetime | None
    profile_pushed_at: dt.datetime | None
    op_type: str
    op_at: dt.datetime | None


@dataclass(frozen=True)
class Page:
    devices: list[Listed]
    cursor: str
    more: bool
    fetched_until: dt.datetime | None


@dataclass(frozen=True)
class Assigned:
    """`retry_after`: seconds to leave the device alone, if Apple told."""

    result: str
    retry_after: int | None


def text(value: object, longest: int) -> str:
    """Cut; empty if it is no text. What a database does not take is left out."""
    if not isinstance(value, str):
        return ""
    return value.replace("\0", "").encode(errors="ignore").decode()[:longest].strip()


def moment(value: object) -> dt.datetime | None:
    """Of ISO 8601; Apple's are in UTC."""
    try:
        found = dt.datetime.fromisoformat(value) if isinstance(value, str) else None
        return found and (found if found.tzinfo else found.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def seconds(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**31:
        return None
    return min(int(value), LONGEST_WAIT)


def serial(value: object) -> str:
    """Empty if it can be none: cut, it would be another device's. Letters beyond A to Z have no one capital."""
    told = text(value, LONGEST_SERIAL + 1)
    return told if len(told) <= LONGEST_SERIAL and told.isascii() and told.isprintable() else ""


def profile_uuid(value: object) -> str:
    """As Apple's examples have them, 32 digits in capitals, however it is written: one is compared with the other."""
    told = text(value, 128)
    plain = told.replace("-", "").upper()
    return plain if UUID.fullmatch(plain) else told


def account(document: Document) -> Account:
    return Account(**{each.name: text(document.get(each.name), 255) for each in fields(Account)})


def listed(entry: object) -> Listed | None:
    """None if it is not known which device it is."""
    if not isinstance(entry, dict) or not (number := serial(entry.get("serial_number"))):
        return None
    op_type = text(entry.get("op_type"), 16).lower()
    return Listed(
        serial=number,
        model=text(entry.get("model"), 255),
        description=text(entry.get("description"), 255),
        color=text(entry.get("color"), 64),
        asset_tag=text(entry.get("asset_tag"), 128),
        device_family=text(entry.get("device_family"), 32),
        os=text(entry.get("os"), 32),
        device_assigned_by=text(entry.get("device_assigned_by"), 255),
        device_assigned_at=moment(entry.get("device_assigned_date")),
        profile_status=text(entry.get("profile_status"), 16),
        profile_uuid=profile_uuid(entry.get("profile_uuid")),
        profile_assigned_at=moment(entry.get("profile_assign_time")),
        profile_pushed_at=moment(entry.get("profile_push_time")),
        op_type=op_type if op_type in ("added", "modified", "deleted") else "",
        op_at=moment(entry.get("op_date")),
    )


def page(document: Document) -> Page:
    cursor = document.get("cursor")
    if not isinstance(cursor, str) or not cursor or "\0" in cursor or len(cursor) > LONGEST_CURSOR:
        raise DepError("Apple did not tell where its list goes on.", kind=Kind.THEIRS)
    devices = document.get("devices")
    return Page(
        devices=[one for each in devices if (one := listed(each)) is not None] if isinstance(devices, list) else [],
        cursor=cursor,
        more=document.get("more_to_follow") is True,
        fetched_until=moment(document.get("fetched_until")),
    )


def details(document: Document) -> dict[str, Listed | str]:
    """By serial: the device, or Apple's word for why not."""
    found: dict[str, Listed | str] = {}
    for number, entry in _devices(document).items():
        if not isinstance(entry, dict):
            continue
        result = text(entry.get("response_status"), 32) or SUCCESS
        device = listed({**entry, "serial_number": number}) if result == SUCCESS else None
        found[number] = device or result
    return found


def results(document: Document) -> dict[str, str]:
    return {number: word for number, value in _devices(document).items() if (word := text(value, 32))}


def assigned(document: Document) -> dict[str, Assigned]:
    wait = seconds(document.get("retry_after_seconds"))
    return {number: Assigned(word, wait if word == "THROTTLED" else None) for number, word in results(document).items()}


def _devices(document: Document) -> Document:
    found = document.get("devices")
    return {number: value for key, value in found.items() if (number := serial(key))} if isinstance(found, dict) else {}
