"""The list of a server's devices, page by page, and what changed in it: fetch and sync, with their cursors.

https://developer.apple.com/documentation/devicemanagement/fetch-devices and …/sync-devices
"""

import base64
import binascii
import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, Self

from onboarding.simulation.dep.faults import Fault
from onboarding.simulation.dep.mdm_server import Document, ListedDevice, MdmServer, Refused, moment

DEFAULT_LIMIT = 100
MOST = 1000
CURSOR_SECONDS = 7 * 86_400


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the list (`fetch`) or in the log (`sync`). Apple's are opaque, and so are these to who reads them."""

    kind: str
    server: str
    place: int
    log: int  # where the log was when the list began
    at: float
    done: bool = False

    def __str__(self) -> str:
        return base64.b64encode(json.dumps(asdict(self)).encode()).decode()

    @classmethod
    def read(cls, text: Any, server: MdmServer) -> Self:
        """Raises Refused."""
        try:
            cursor = cls(**json.loads(base64.b64decode(text, validate=True)))
            known = cursor.server == server.uuid and 0 <= cursor.log <= len(server.log)
            old = server.clock() - cursor.at > CURSOR_SECONDS
        except (binascii.Error, ValueError, TypeError):
            raise Refused(400, "INVALID_CURSOR") from None
        if not known:
            raise Refused(400, "INVALID_CURSOR")
        if old:
            raise Refused(400, "EXPIRED_CURSOR")
        return cursor


def account(server: MdmServer, version: int) -> Document:
    identity = server.organisation.lower().replace(" ", ".")
    told: Document = {
        "server_name": server.name,
        "server_uuid": server.uuid,
        "facilitator_id": f"facilitator@{identity}.example.com",
        "admin_id": f"administrator@{identity}.example.com",
        "org_name": server.organisation,
        "org_email": f"it@{identity}.example.com",
        "org_phone": "+1 555 0100",
        "org_address": "1 Example Street, Springfield, US",
    }
    if version >= 3:
        org_id = str(int.from_bytes(server.organisation.encode()[-6:]))
        told |= {"org_id": org_id, "org_id_hash": hashlib.sha256(org_id.encode()).hexdigest()}
        told |= {"org_type": "org", "org_version": "v2"}
    return told


def fetch(server: MdmServer, body: Document, version: int, fault: Fault) -> Document:
    """All devices, in the order in which they came; a device that goes meanwhile is left out."""
    limit, asked = _limit(body), body.get("cursor")
    if asked:
        cursor = Cursor.read(asked, server)
        if cursor.done or cursor.kind != "fetch":
            raise Refused(400, "EXHAUSTED_CURSOR")
    else:
        cursor = Cursor("fetch", server.uuid, 0, len(server.log), server.clock())
    rows: list[Document] = []
    place = cursor.place
    while place < len(server.places) and len(rows) < limit:
        if (serial := server.places[place]) is not None:
            rows.append(document(server.devices[serial], version))
        place += 1
    while place < len(server.places) and server.places[place] is None:
        place += 1
    more = place < len(server.places)
    after = Cursor("fetch", server.uuid, place, cursor.log, server.clock(), done=not more)
    return _page(server, rows, str(after), more, fault, str(asked or after))


def sync(server: MdmServer, body: Document, version: int, fault: Fault) -> Document:
    """What happened since the cursor was given, in whatever order it is told."""
    limit, asked = _limit(body), body.get("cursor")
    if not asked:
        raise Refused(400, "CURSOR_REQUIRED")
    cursor = Cursor.read(asked, server)
    found = server.log[cursor.log : cursor.log + limit]
    rows = [
        {**document(each.device, version), "op_type": each.kind, "op_date": moment(each.at), **(each.changes or {})}
        for each in found
    ]
    place = cursor.log + len(found)
    after = Cursor("sync", server.uuid, 0, place, server.clock())
    return _page(server, rows, str(after), place < len(server.log), fault, str(asked))


def details(server: MdmServer, body: Document, version: int) -> Document:
    serials = serials_of(body)
    return {"devices": {serial: _detail(server.devices.get(serial), version) for serial in serials}}


def _detail(device: ListedDevice | None, version: int) -> Document:
    if device is None:
        return {"response_status": "NOT_ACCESSIBLE"}
    return {**document(device, version), "response_status": "SUCCESS"}


def document(device: ListedDevice, version: int) -> Document:
    """A device as an answer shows it to who speaks this version of the protocol."""
    told: Document = {
        "serial_number": device.serial,
        "model": device.model,
        "description": device.description,
        "color": device.color,
        "profile_status": device.profile_status,
        "device_assigned_date": moment(device.assigned_at),
        "device_assigned_by": device.assigned_by,
    }
    if device.asset_tag:
        told["asset_tag"] = device.asset_tag
    if version >= 2:
        told["os"], told["device_family"] = device.os, device.device_family
    if device.profile_uuid:
        told["profile_uuid"] = device.profile_uuid
        told["profile_assign_time"] = moment(device.profile_assigned_at)
        if device.profile_pushed_at:
            told["profile_push_time"] = moment(device.profile_pushed_at)
    return told


def serials_of(body: Document) -> list[str]:
    serials = body.get("devices")
    if not isinstance(serials, list) or not serials or not all(isinstance(serial, str) for serial in serials):
        raise Refused(400, "DEVICE_ID_REQUIRED")
    return serials


def _limit(body: Document) -> int:
    limit = body.get("limit", DEFAULT_LIMIT)
    if type(limit) is not int or limit < 1:
        raise Refused(400, "MALFORMED_REQUEST_BODY")
    return min(limit, MOST)


def _page(server: MdmServer, rows: list[Document], cursor: str, more: bool, fault: Fault, asked: str) -> Document:
    told = _spoilt(rows, fault)
    page = {"cursor": cursor, "more_to_follow": more, "fetched_until": moment(server.clock()), "devices": told}
    return {**page, "cursor": asked, "more_to_follow": True} if fault.stuck else page


def _spoilt(rows: list[Any], fault: Fault) -> list[Any]:
    if fault.repeat:
        older = {"op_date": "2014-01-01T00:00:00Z", "profile_status": "removed"}
        rows = [each for row in rows for each in (row, {**row, **older} if "op_date" in row else row)]
    if fault.odd:
        nameless = {"model": "iPhone 15", "serial_number": ""}
        wrong = {"serial_number": "ODDTIMES0001", "device_assigned_date": "soon", "color": 7, "model": None}
        long = {"serial_number": "ODDTEXTS0001", "description": "x" * 5000, "os": "o" * 500, "device_family": "Ring"}
        rows = [None, "DEP", nameless, {"serial_number": 12}, {"serial_number": "S" * 4000}, wrong, long, *rows]
    return rows
