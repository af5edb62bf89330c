"""Profiles as Apple keeps them: defined, assigned to devices and taken from them.

https://developer.apple.com/documentation/devicemanagement/define-profile and …/assign-profile
"""

import re
from typing import Any
from urllib.parse import urlsplit

from onboarding.simulation.dep.listing import serials_of
from onboarding.simulation.dep.mdm_server import Document, MdmServer, Refused, new_uuid

LONGEST = {"profile_name": 125, "department": 125, "support_phone_number": 50, "support_email_address": 250}
CODES = {
    "profile_name": "CONFIG_NAME_INVALID",
    "department": "DEPARTMENT_INVALID",
    "support_phone_number": "SUPPORT_PHONE_INVALID",
    "support_email_address": "SUPPORT_EMAIL_INVALID",
}
FLAGS = (
    "allow_pairing",
    "is_supervised",
    "is_multi_user",
    "is_mandatory",
    "await_device_configured",
    "is_mdm_removable",
    "auto_advance_setup",
    "do_not_use_profile_from_backup",
    "is_return_to_service",
)
LISTS = ("anchor_certs", "supervising_host_certs", "skip_setup_items")
THROTTLING, RETRY_AFTER = 9, 10  # protocol versions that tell of it
MOST = 1000


def define(server: MdmServer, body: Document, version: int) -> Document:
    """A uuid for what the body says, new each time; devices named in it are given the profile."""
    check(body)
    uuid = new_uuid()
    server.profiles[uuid] = {name: value for name, value in body.items() if name != "devices"}
    devices = body.get("devices") or []
    told: Document = {"profile_uuid": uuid, "devices": {}}
    return {**told, **assign(server, {"profile_uuid": uuid, "devices": devices}, version)} if devices else told


def check(body: Document) -> None:
    """Raises Refused with the word for the first thing that is wrong."""
    if not body.get("profile_name"):
        raise Refused(400, "CONFIG_NAME_REQUIRED")
    for name, longest in LONGEST.items():
        value = body.get(name, "")
        if not isinstance(value, str) or len(value) > longest or not value.isprintable():
            raise Refused(400, CODES[name])
    if not body.get("url"):
        raise Refused(400, "CONFIG_URL_REQUIRED")
    if not _is_address(body["url"]) or not _is_address(body.get("configuration_web_url", body["url"])):
        raise Refused(400, "CONFIG_URL_INVALID")
    if "@" not in body.get("support_email_address", "@"):
        raise Refused(400, "SUPPORT_EMAIL_INVALID")
    if not isinstance(body.get("org_magic", ""), str) or len(body.get("org_magic", "")) > 256:
        raise Refused(400, "MAGIC_INVALID")
    if any(type(body[name]) is not bool for name in FLAGS if name in body):
        raise Refused(400, "FLAGS_INVALID")
    if not body.get("is_mdm_removable", True) and not body.get("is_supervised", True):
        raise Refused(400, "FLAGS_INVALID")
    if not re.fullmatch(r"([a-z]{2,3}(-[A-Za-z]+)?)?", str(body.get("language", ""))) or not re.fullmatch(
        r"([A-Z]{2})?", str(body.get("region", ""))
    ):
        raise Refused(400, "LOCALE_INVALID")
    if any(not _is_list_of_texts(body[name]) for name in LISTS if name in body):
        raise Refused(400, "MALFORMED_REQUEST_BODY")


def assign(server: MdmServer, body: Document, version: int) -> Document:
    uuid = _known(server, body)
    results = {}
    for serial in _few(serials_of(body)):
        results[serial] = result = _result(server, serial, version)
        if result == "SUCCESS":
            _give(server, serial, uuid)
    told: Document = {"profile_uuid": uuid, "devices": results}
    if version >= RETRY_AFTER and "THROTTLED" in results.values():
        told["retry_after_seconds"] = server.retry_after_seconds
    return told


def remove(server: MdmServer, body: Document, version: int) -> Document:
    """From devices that have one; a uuid, if it is told, is not looked at."""
    results = {}
    for serial in _few(serials_of(body)):
        device = server.devices.get(serial)
        has_one = device is not None and device.profile_uuid != ""
        results[serial] = result = _result(server, serial, version) if has_one else "NOT_ACCESSIBLE"
        if result == "SUCCESS":
            server.change(serial, profile_uuid="", profile_status="removed", profile_assigned_at=0.0)
    return {"devices": results}


def disown(server: MdmServer, body: Document) -> Document:
    """For good: Apple never takes such a device back."""
    results = {}
    for serial in _few(serials_of(body)):
        results[serial] = result = server.result_for(serial)
        if result == "SUCCESS":
            server.remove(serial)
            server.disowned.add(serial)
    return {"devices": results}


def read(server: MdmServer, query: dict[str, str]) -> Document:
    if not (uuid := query.get("profile_uuid", "")):
        raise Refused(400, "PROFILE_UUID_REQUIRED")
    if uuid not in server.profiles:
        raise Refused(404, "NOT_FOUND")
    return {"profile_uuid": uuid, **server.profiles[uuid]}


def _known(server: MdmServer, body: Document) -> str:
    uuid = body.get("profile_uuid")
    if not isinstance(uuid, str) or not uuid:
        raise Refused(400, "PROFILE_UUID_REQUIRED")
    if uuid not in server.profiles:
        raise Refused(404, "NOT_FOUND")
    return uuid


def _few(serials: list[str]) -> list[str]:
    if len(serials) > MOST:
        raise Refused(400, "MALFORMED_REQUEST_BODY")
    return serials


def _result(server: MdmServer, serial: str, version: int) -> str:
    result = server.result_for(serial)
    return "FAILED" if result == "THROTTLED" and version < THROTTLING else result


def _give(server: MdmServer, serial: str, uuid: str) -> None:
    if server.devices[serial].profile_uuid != uuid or server.devices[serial].profile_status == "removed":
        server.change(serial, profile_uuid=uuid, profile_status="assigned", profile_assigned_at=server.clock())


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 2000 and urlsplit(value).scheme in ("http", "https")


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
