"""The set of declarations that a device is to have, kept as it is served, and what the device makes of it.

A set is replaced when the command that tells of it is handed over. The set before stays until the next change: a device
that is still fetching it gets what it was promised.
"""

import uuid
from typing import Any

from django.db import transaction
from django.utils import timezone

from commands.apple.declaration_status import states_of
from commands.apple.declarations import Declaration, Document, command, items_response, kind_of, token_of
from commands.blueprints.os_updates import ENFORCEMENT
from commands.models import AppleDeclarations
from devices.models import Device
from devices.versions import is_older

EMPTY = token_of(())


@transaction.atomic
def replace_declarations(device_id: uuid.UUID, declarations: tuple[Declaration, ...]) -> AppleDeclarations:
    """The device is to have exactly these, the activation among them. Doing it twice changes nothing."""
    documents = [declaration.document() for declaration in declarations]
    token = token_of(documents)
    row = locked_declarations(device_id)
    if row.token != token:
        row.previous, row.declarations = row.declarations, documents
        row.token, row.changed_at = token, timezone.now()
        row.save(update_fields=["previous", "declarations", "token", "changed_at"])
    return row


def locked_declarations(device_id: uuid.UUID) -> AppleDeclarations:
    """Within a transaction. A device that was never told anything has the empty set."""
    AppleDeclarations.objects.bulk_create(
        [AppleDeclarations(device_id=device_id, token=EMPTY)], ignore_conflicts=True
    )  # no exception when two come at once
    return AppleDeclarations.objects.select_for_update(no_key=True).get(pk=device_id)


def command_for(row: AppleDeclarations) -> dict[str, Any]:
    """Apple's command that has the device fetch the set as it is now."""
    return command(row.token, row.changed_at)


def token_for(device_id: uuid.UUID) -> str:
    """Of the set that the device was last told of."""
    row = AppleDeclarations.objects.filter(pk=device_id).values_list("token", flat=True).first()
    return row or EMPTY


def list_for(row: AppleDeclarations) -> dict[str, Any]:
    return items_response(row.token, row.declarations)


def document_for(row: AppleDeclarations, kind: str, identifier: str) -> Document | None:
    """As the list that the device read last promised it; None if it is in neither set."""
    sets = [row.declarations, row.previous]
    if row.seen_token != row.token and row.seen_token == token_of(row.previous):
        sets.reverse()
    for documents in sets:
        for document in documents:
            if document["Identifier"] == identifier and kind_of(document) == kind:
                found: Document = document
                return found
    return None


def forget_declarations(device_id: uuid.UUID) -> None:
    """They left the device with its management, and declarative management is off again."""
    AppleDeclarations.objects.filter(pk=device_id).delete()
    Device.objects.filter(pk=device_id, is_ddm_enabled=True).update(is_ddm_enabled=False)


def declaration_problems(device: Device) -> list[tuple[str, str]]:
    """The declarations of the present set that are not in force by the device's own word, and why, for people."""
    row = AppleDeclarations.objects.filter(pk=device.pk).first()
    return problems_of(row, device) if row else []


def problems_of(row: AppleDeclarations, device: Device) -> list[tuple[str, str]]:
    """The same of a row that was read before."""
    states = states_of(row.status)
    problems = []
    for document in row.declarations:
        state = states.get((document["Identifier"], document["ServerToken"]))
        reason = (state.problem if state else "") or _update_problem(document, row.status, device)
        if reason:
            problems.append((document["Identifier"], reason))
    return problems


def _update_problem(document: Document, status: dict[str, Any], device: Device) -> str:
    """A device that could not update says so beside the declaration, which stays active."""
    if document["Type"] != ENFORCEMENT or not is_older(device.os_version, document["Payload"]["TargetOSVersion"]):
        return ""
    if status.get("softwareupdate.install-state") != "failed":
        return ""
    told = status.get("softwareupdate.failure-reason")
    reason = told.get("reason") if isinstance(told, dict) else ""
    return f"The update failed: {reason}" if reason else "The update failed; the device does not say why."
