"""Sending a command from the console: choose it, fill in its arguments, confirm what cannot be undone."""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.widgets import UnfoldBooleanWidget

from commands.admin.argument_forms import ArgumentsForm
from commands.catalogue import CATALOGUE, Command
from commands.models import CommandRequest
from commands.serializers import MAX_DEVICES
from commands.services.requests import create_command_request
from config.api.errors import ApplicationError, BadRequest
from config.api.fields import parse_id
from devices.models import Device
from tenants.actors import console_actor
from tenants.admin.base import ScopedAdmin
from tenants.models import Role, Tenant

URL_NAME = "send_command"
CONFIRM = "confirm"
NAMED_DEVICES = 12
# What people should know of a command before they send it to Apple devices.
WARNINGS = {
    "ADD_TO_WHITELIST": "From the first app on, every app that is not on the list disappears from an Apple device.",
    "BEEP_DEVICE": "An Apple device sounds in lost mode only, until it is released or somebody silences it.",
    "REMOVE_FROM_WHITELIST": "On an Apple device the app disappears; with the last one on the list all apps are back.",
    "SET_APP_STATE": "On Apple devices HIDE and DISABLE are the same: the app neither shows nor starts.",
    "SET_DEVICE_LOCKDOWN_STATE": "An Apple device in lost mode can be used by nobody until it is released from here.",
    "SET_KIOSK_APP": "The app must be on the device already; SET_MULTI_APP_MODE ends the single-app mode.",
    "UNINSTALL": "Before iOS 26 only apps that this server installed can be removed from an Apple device.",
    "USE_ONLY_SAVED_WIFI_AP": "On Apple devices the networks must have been set up by a profile, as by ADD_WIFI_AP.",
}
IRREVERSIBLE = {"WIPE": "Yes, erase all data on {count}. This cannot be undone."}


def choose_for_selection(page: ScopedAdmin, request: HttpRequest, queryset: QuerySet[Device]) -> HttpResponse | None:
    """The first page for devices selected in the list; None (back to the list) when they are too many."""
    devices = list(queryset[: MAX_DEVICES + 1])
    foreign = [device for device in devices if not page.may(request, Role.OPERATOR, device)]
    if len(devices) > MAX_DEVICES:
        refusal = f"One command goes to at most {MAX_DEVICES:,} devices; filter the list, or send it to a group."
    elif foreign:
        refusal = f"You may not send commands to {foreign[0]} ({foreign[0].tenant}): your role there is viewer."
    else:
        return choose(page, request, devices)
    page.message_user(request, refusal, messages.ERROR)
    return None


def choose(page: ScopedAdmin, request: HttpRequest, devices: list[Device]) -> HttpResponse:
    carried = [command for command in CATALOGUE.values() if any(_carries(command, device) for device in devices)]
    others = [command.name for command in CATALOGUE.values() if command not in carried]
    choices = [(command.name, command.description, command.name in IRREVERSIBLE) for command in carried]
    return _page(page, request, devices, "choose", "Choose a command", {"choices": choices, "others": others})


def send(page: ScopedAdmin, request: HttpRequest) -> HttpResponse:
    """Page two, and its answer. The device ids travel in the form; they are looked up as this user's again."""
    command = CATALOGUE.get(request.POST.get("command", ""))
    devices = _devices(page, request)
    if request.method != "POST" or command is None or not devices:
        page.message_user(request, "Select devices, then choose a command for them.", messages.WARNING)
        return redirect("admin:devices_device_changelist")
    asked = "send" in request.POST
    form = _form(command, devices, request) if asked else _form(command, devices)
    if asked and form.is_valid():
        try:
            return _done(page, request, _create(request, command, devices, form.arguments))
        except BadRequest as error:
            form.add_error(None, error.message)
        except ApplicationError as error:
            page.message_user(request, error.message, messages.ERROR)
    words = command.description
    context = {"form": form, "command": command.name, "words": words, "notes": _notes(command, devices)}
    return _page(page, request, devices, "arguments", f"Send {command.name}", context)


def _devices(page: ScopedAdmin, request: HttpRequest) -> list[Device]:
    """Only those that this user may operate; others are as if they did not exist."""
    words = request.POST.get("devices", "").split(",")[:MAX_DEVICES]
    ids = [parsed for word in words if (parsed := parse_id(word)) is not None]
    rows = page.get_queryset(request).filter(pk__in=ids).order_by("name", "id")
    return [device for device in rows if page.may(request, Role.OPERATOR, device)]


def _form(command: Command, devices: list[Device], request: HttpRequest | None = None) -> ArgumentsForm:
    form = ArgumentsForm(command, request.POST, request.FILES) if request else ArgumentsForm(command)
    if command.name in IRREVERSIBLE:
        label = IRREVERSIBLE[command.name].format(count=counted(len(devices)))
        form.fields[CONFIRM] = forms.BooleanField(label=label, widget=UnfoldBooleanWidget)
    return form


def _notes(command: Command, devices: list[Device]) -> list[str]:
    """What will not work, said before it is sent, and what else to know."""
    able = [device for device in devices if _carries(command, device)]
    uncarried = len(devices) - len(able)
    unsupervised = [each for each in able if command.apple_needs.supervision(each.os) and each.is_supervised is False]
    notes = []
    if uncarried:
        notes.append(f"{counted(uncarried)} cannot carry this command and will answer with a failure.")
    if unsupervised:
        verb = "is" if len(unsupervised) == 1 else "are"
        notes.append(f"{counted(len(unsupervised))} {verb} not supervised, as this command needs.")
    if command.name in WARNINGS and any(device.is_apple for device in able):
        notes.append(WARNINGS[command.name])
    return notes


def _carries(command: Command, device: Device) -> bool:
    """Whether a device of its kind can; its version and supervision aside."""
    known = not device.is_apple or not device.os or device.os in command.apple_needs.since
    return known and command.supports(device.platform)


@transaction.atomic
def _create(
    request: HttpRequest, command: Command, devices: list[Device], arguments: dict[str, Any]
) -> list[CommandRequest]:
    """One request per tenant."""
    per_tenant: dict[Tenant, list[uuid.UUID]] = defaultdict(list)
    for device in devices:
        per_tenant[device.tenant].append(device.pk)
    return [
        create_command_request(
            tenant=tenant,
            actor=console_actor(request),
            command=command.name,
            command_type=CommandRequest.CommandType.DEVICE,
            devices=ids,
            command_args=arguments,
        )
        for tenant, ids in per_tenant.items()
    ]


def _done(page: ScopedAdmin, request: HttpRequest, created: list[CommandRequest]) -> HttpResponse:
    total = sum(len(each.devices) for each in created)
    page.message_user(request, f"{created[0].command} goes to {counted(total)}.", messages.SUCCESS)
    if len(created) == 1:
        return redirect(reverse("admin:commands_commandrequest_change", args=[created[0].pk]))
    return redirect("admin:commands_commandrequest_changelist")


def _page(
    page: ScopedAdmin, request: HttpRequest, devices: list[Device], step: str, title: str, more: dict[str, Any]
) -> HttpResponse:
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "title": title,
        "subtitle": counted(len(devices)),
        "ids": ",".join(str(device.pk) for device in devices),
        "named": devices[:NAMED_DEVICES],
        "unnamed": max(0, len(devices) - NAMED_DEVICES),
        "action": reverse(f"admin:{URL_NAME}"),
        "back": _back(devices),
        **more,
    }
    return TemplateResponse(request, f"admin/devices/device/send_{step}.html", context)


def _back(devices: Iterable[Device]) -> str:
    rows = list(devices)
    if len(rows) == 1:
        return reverse("admin:devices_device_change", args=[rows[0].pk])
    return reverse("admin:devices_device_changelist")


def counted(number: int) -> str:
    return f"{number:,} device{'' if number == 1 else 's'}"
