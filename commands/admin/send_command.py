"""Sending a command from the console, in two pages.

The first asks for whom, when and which command; the second tells what that comes to, and asks for the command's
arguments and for consent to what cannot be undone. All that the first was told travels through the second's form, and
is looked up and judged again as this user's.
"""

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
from commands.admin.known_arguments import chosen_before, known_arguments, known_fields
from commands.admin.schedule_form import PREFIX, ScheduleForm
from commands.admin.schedule_words import previews, rule
from commands.admin.send_notes import is_carried, notes_on
from commands.admin.send_targets import NAMED, Targets, TargetsForm, counted, posted_under, targets_of
from commands.catalogue import CATALOGUE, Command
from commands.models import CommandRequest
from commands.serializers import MAX_DEVICES, MAX_GROUPS
from commands.services.requests import create_command_request
from config.api.errors import ApplicationError, BadRequest
from devices.models import Device, DeviceGroup, Platform
from tenants.actors import console_actor
from tenants.admin.base import ScopedAdmin
from tenants.models import Role, Tenant

URL_NAME = "send_command"
CONFIRM = "confirm"
TOO_MANY_DEVICES = f"One command goes to at most {MAX_DEVICES:,} devices; filter the list, or send it to a group."
TOO_MANY_GROUPS = f"One command goes to at most {MAX_GROUPS:,} groups; send it to one above them."
IRREVERSIBLE = {"WIPE": "Yes, erase all data on {targets}. This cannot be undone."}


def choose_for_devices(page: ScopedAdmin, request: HttpRequest, queryset: QuerySet[Device]) -> HttpResponse | None:
    """The first page for devices selected in the list; None (back to the list) if they may not be sent any."""
    devices = list(queryset[: MAX_DEVICES + 1])
    if len(devices) > MAX_DEVICES:
        page.message_user(request, TOO_MANY_DEVICES, messages.ERROR)
        return None
    return _choose_or_refuse(page, request, Targets(devices, []))


def choose_for_groups(page: ScopedAdmin, request: HttpRequest, queryset: QuerySet[DeviceGroup]) -> HttpResponse | None:
    groups = list(queryset.select_related("tenant", "parent")[: MAX_GROUPS + 1])
    if len(groups) > MAX_GROUPS:
        page.message_user(request, TOO_MANY_GROUPS, messages.ERROR)
        return None
    return _choose_or_refuse(page, request, Targets([], groups))


def _choose_or_refuse(page: ScopedAdmin, request: HttpRequest, targets: Targets) -> HttpResponse | None:
    foreign = [each for each in targets.all if not page.may(request, Role.OPERATOR, each)]
    if not foreign:
        return choose(page, request, targets)
    refusal = f"You may not send commands to {foreign[0]} ({foreign[0].tenant}): your role there is viewer."
    page.message_user(request, refusal, messages.ERROR)
    return None


def choose(page: ScopedAdmin, request: HttpRequest, targets: Targets, when: ScheduleForm | None = None) -> HttpResponse:
    """The first page. `when`: what was said before about the schedule, with its errors."""
    chosen = chosen_before(request)
    known = known_fields(request)
    carried = [chosen] if chosen else [each for each in CATALOGUE.values() if is_carried(each, targets)]
    context = {
        "choices": [(command.name, command.description, command.name in IRREVERSIBLE) for command in carried],
        "others": [] if chosen else [each.name for each in CATALOGUE.values() if each not in carried],
        "chosen": chosen,
        "known": known,
        "filled_in": [(name, value) for name, value in known_arguments(chosen, request).items() if value]
        if chosen
        else [],
        "who": TargetsForm(
            page,
            request,
            targets,
            tenant_id=dict(known).get("tenant", ""),
            offered=_offered(page, request, chosen) if chosen else None,
        ),
        "when": when or ScheduleForm(_zones(page, request, targets)),
        "ids": "" if chosen else ",".join(str(device.pk) for device in targets.devices),
    }
    title = f"Send {chosen.name}" if chosen else "Choose a command"
    return _page(page, request, targets, "choose", title, context)


def _offered(page: ScopedAdmin, request: HttpRequest, command: Command) -> QuerySet[Device]:
    """Devices that a command can be sent to which was chosen before they were."""
    platforms = [platform for platform in Platform.values if command.supports(platform)]
    rows: QuerySet[Device] = page.choices_of(Device, request, Role.OPERATOR).filter(platform__in=platforms)
    return rows.defer("search_text", "policy")


def _zones(page: ScopedAdmin, request: HttpRequest, targets: Targets) -> list[str]:
    tenants = targets.tenants or page.choices_of(Tenant, request, Role.OPERATOR)
    return sorted({tenant.time_zone for tenant in tenants})


def send(page: ScopedAdmin, request: HttpRequest) -> HttpResponse:
    """The answer to both pages. Opened by itself, it is the first page with nobody chosen yet."""
    if request.method != "POST" and page.may(request, Role.OPERATOR):
        return choose(page, request, Targets([], []))
    targets, command = targets_of(page, request), CATALOGUE.get(request.POST.get("command", ""))
    when = ScheduleForm(_zones(page, request, targets), request.POST)
    refusal = _refusal(request, targets)
    if refusal:
        page.message_user(request, refusal, messages.ERROR)
        return choose(page, request, targets, when)
    if not targets or (command is None and "change" not in request.POST):
        page.message_user(request, "Select devices, then choose a command for them.", messages.WARNING)
        return redirect("admin:devices_device_changelist")
    if command is None or "change" in request.POST or not when.is_valid():
        return choose(page, request, targets, when)
    return _ask(page, request, targets, command, when)


def _refusal(request: HttpRequest, targets: Targets) -> str:
    """Why the first page is shown again, whatever else it said."""
    if not targets and f"{PREFIX}-schedule" in request.POST:
        return "Choose at least one device or group." if chosen_before(request) else "Choose at least one group."
    if request.POST.get("device_type", "") not in ("", *CommandRequest.DeviceType.values):
        return "Choose all devices, the active or the inactive ones."
    if len(targets.devices) > MAX_DEVICES:
        return TOO_MANY_DEVICES
    return TOO_MANY_GROUPS if len(targets.groups) > MAX_GROUPS else ""


def _ask(
    page: ScopedAdmin, request: HttpRequest, targets: Targets, command: Command, when: ScheduleForm
) -> HttpResponse:
    """The second page, and its answer."""
    drafts = targets.requests(command=command.name, schedule=when.cleaned_data["schedule"])
    for draft in drafts:
        draft.schedule_args = when.arguments(draft.time_zone)
    total, asked = targets.total, "send" in request.POST
    told = targets.in_words(total)
    form = _form(command, told, request, asked=asked)
    if asked and form.is_valid():
        try:
            return _done(page, request, _create(request, drafts, form.arguments), told)
        except BadRequest as error:
            form.add_error(None, error.message)
        except ApplicationError as error:
            page.message_user(request, error.message, messages.ERROR)
    context = {
        "form": form,
        "command": command.name,
        "words": command.description,
        "notes": notes_on(command, targets, drafts[0]),
        "hidden": [*targets.hidden_fields(), *posted_under(PREFIX, request.POST), *known_fields(request)],
        "total": counted(total),
        "schedules": [_schedule(draft) for draft in drafts] if when.is_scheduled else [],
    }
    return _page(page, request, targets, "arguments", f"Send {command.name}", context)


def _form(command: Command, targets: str, request: HttpRequest, *, asked: bool) -> ArgumentsForm:
    if asked:
        form = ArgumentsForm(command, request.POST, request.FILES)
    else:
        form = ArgumentsForm(command, initial=known_arguments(command, request))
    if command.name in IRREVERSIBLE:
        label = IRREVERSIBLE[command.name].format(targets=targets)
        form.fields[CONFIRM] = forms.BooleanField(label=label, widget=UnfoldBooleanWidget)
    return form


def _schedule(draft: CommandRequest) -> dict[str, Any]:
    shown, left_out = previews(draft)
    return {"tenant": draft.tenant, "rule": rule(draft), "previews": shown, "left_out": left_out}


@transaction.atomic
def _create(request: HttpRequest, drafts: list[CommandRequest], arguments: dict[str, Any]) -> list[CommandRequest]:
    return [
        create_command_request(
            tenant=draft.tenant,
            actor=console_actor(request),
            command=draft.command,
            command_type=draft.command_type,
            devices=draft.devices,
            groups=draft.groups,
            device_type=draft.device_type,
            command_args=arguments,
            schedule=draft.schedule,
            schedule_args=draft.schedule_args,
        )
        for draft in drafts
    ]


def _done(page: ScopedAdmin, request: HttpRequest, created: list[CommandRequest], targets: str) -> HttpResponse:
    scheduled = created[0].schedule != CommandRequest.Schedule.IMMEDIATE
    verb = "is scheduled for" if scheduled else "goes to"
    page.message_user(request, f"{created[0].command} {verb} {targets}.", messages.SUCCESS)
    if len(created) == 1:
        return redirect(reverse("admin:commands_commandrequest_change", args=[created[0].pk]))
    return redirect("admin:commands_commandrequest_changelist")


def _page(
    page: ScopedAdmin, request: HttpRequest, targets: Targets, step: str, title: str, more: dict[str, Any]
) -> HttpResponse:
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "title": title,
        "subtitle": targets.in_words(targets.total) if targets else "",
        "named": targets.all[:NAMED],
        "unnamed": max(0, len(targets.all) - NAMED),
        "by_group": bool(targets.groups),
        "action": reverse(f"admin:{URL_NAME}"),
        "back": _back(targets),
        **more,
    }
    return TemplateResponse(request, f"admin/devices/device/send_{step}.html", context)


def _back(targets: Targets) -> str:
    model = "devicegroup" if targets.groups and not targets.devices else "device"
    if len(targets.all) == 1:
        return reverse(f"admin:devices_{model}_change", args=[targets.all[0].pk])
    return reverse(f"admin:devices_{model}_changelist")
