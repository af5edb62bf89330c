"""Declarative management: a device asks what it is to be, fetches it, and reports what came of it.

https://developer.apple.com/documentation/devicemanagement/declarative-management

The users' channels of a device are declared nothing.
"""

from typing import Any

import orjson
from django.db import transaction
from django.utils import timezone

from commands.apple.declaration_status import MalformedStatusError, merged, read_report, reported_system
from commands.apple.declarations import items_response, tokens_response
from commands.apple.declared import EMPTY, document_for, list_for, locked_declarations
from commands.models import AppleDeclarations, AppleEnrolment
from devices.models import Device
from devices.services.apple_reports import record_device_information, text
from devices.versions import is_older
from onboarding.apple.messages import MalformedMessageError, data, read_ids
from onboarding.services.pinned import own_enrolment


class MissingDeclarationError(Exception):
    """The device was not told of this declaration; answered 404."""


@transaction.atomic
def answer_declarative_management(*, certificate_sha256: str, message: dict[str, Any]) -> bytes:
    """The JSON for the device; empty for a status report."""
    ids = read_ids(message)
    enrolment = own_enrolment(certificate_sha256, ids)
    endpoint = text(message.get("Endpoint"), 512)
    if ids.user:
        return _for_a_user(enrolment, endpoint)
    Device.objects.filter(pk=enrolment.device_id, is_ddm_enabled=False).update(is_ddm_enabled=True)
    row = locked_declarations(enrolment.device_id)
    if endpoint == "tokens":
        _note_seen(row)
        return orjson.dumps(tokens_response(row.token, row.changed_at))
    if endpoint == "declaration-items":
        _note_seen(row)
        return orjson.dumps(list_for(row))
    if endpoint == "status":
        _take_status(row, data(message, "Data") or b"")
        return b""
    return orjson.dumps(_declaration(row, endpoint))


def _for_a_user(enrolment: AppleEnrolment, endpoint: str) -> bytes:
    if endpoint == "tokens":
        return orjson.dumps(tokens_response(EMPTY, enrolment.authenticated_at or timezone.now()))
    if endpoint == "declaration-items":
        return orjson.dumps(items_response(EMPTY, ()))
    if endpoint == "status":
        return b""
    raise MissingDeclarationError


def _note_seen(row: AppleDeclarations) -> None:
    """What the device has read about, which is not yet what it has done."""
    if row.seen_token != row.token:
        row.seen_token = row.token
        row.save(update_fields=["seen_token"])


def _declaration(row: AppleDeclarations, endpoint: str) -> dict[str, Any]:
    address, _, identifier = endpoint.rpartition("/")
    start, _, kind = address.partition("/")
    if start != "declaration" or not kind or not identifier:
        raise MalformedMessageError("the Endpoint is none of declarative management")
    document = document_for(row, kind, identifier)
    if document is None:
        raise MissingDeclarationError
    return document


def _take_status(row: AppleDeclarations, content: bytes) -> None:
    try:
        report = read_report(content)
    except MalformedStatusError as error:
        raise MalformedMessageError(str(error)) from error
    row.status, row.reported_at = merged(row.status, report), timezone.now()
    row.save(update_fields=["status", "reported_at"])
    _note_system(row)


def _note_system(row: AppleDeclarations) -> None:
    """The device has a newer system than it had: within an enrolment there is no way back."""
    system = reported_system(row.status)
    device = Device.objects.select_for_update(of=("self",), no_key=True).get(pk=row.pk)
    known = {"OSVersion": device.os_version, "BuildVersion": device.software_info.get("os_build_number")}
    is_news = any(value and value != known[name] for name, value in system.items())
    if is_news and not is_older(system["OSVersion"], device.os_version):
        record_device_information(device, system)
