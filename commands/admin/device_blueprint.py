"""The blueprint on a device's page: which one counts and why, how the device stands to it, what can be done."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldBooleanWidget

from commands.admin.blueprint_actions import ConvergeForm
from commands.admin.blueprint_display import blueprint_link
from commands.admin.blueprint_standing import NONE, UNSEEN, fleet_standing, standing_label
from commands.admin.converge_page import difference, status_label
from commands.models import Converge
from commands.services.assignments import assign_blueprint, withdraw_blueprint
from commands.services.converges.creation import create_converge
from commands.services.drift.checking import check_drift
from commands.services.drift.requests import ask_device
from config.api.errors import ApplicationError
from devices.models import Blueprint, Device, DriftReport
from tenants.actors import console_actor
from tenants.admin import display

if TYPE_CHECKING:
    from tenants.admin.base import ScopedAdmin

DIFFERENCES = 100
CONVERGES = 5
GROUPS_OWN = "Its group's"


class ConvergeDeviceForm(ConvergeForm):
    reapply = forms.BooleanField(
        required=False,
        label="Everything anew",
        help_text="Also what does not differ, as far as is known.",
        widget=UnfoldBooleanWidget,
    )


class BlueprintForm(forms.Form):
    blueprint = forms.ModelChoiceField(
        Blueprint.objects.none(),
        required=False,
        empty_label=GROUPS_OWN,
        help_text="Its own counts instead of its group's.",
        widget=UnfoldAdminSelectWidget,
    )

    def __init__(self, device: Device, data: Any) -> None:
        super().__init__(data, initial={"blueprint": device.assigned_blueprint_id})
        field = self.fields["blueprint"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Blueprint.objects.filter(tenant=device.tenant_id).order_by("name")


def blueprint_card(device: Device, *, may_operate: bool) -> dict[str, Any]:
    """Context of the card."""
    row = (
        Device.objects.filter(pk=device.pk)
        .select_related("assigned_blueprint", "group__effective_blueprint", "current_blueprint")
        .select_related("current_blueprint_version", "drift__blueprint_version")
        .defer("search_text", "policy", "current_blueprint_version__secret_settings")
        .annotate(told=fleet_standing())
        .get()
    )
    report: DriftReport | None = getattr(row, "drift", None)
    converges = Converge.objects.filter(device=row).select_related("blueprint", "blueprint_version")
    found = report.differences if report else []
    return {
        "blueprint_facts": _facts(row, report),
        "has_blueprint": row.told != NONE,
        "report": report,
        "differences": [difference(each) for each in found[:DIFFERENCES]],
        "more_differences": max(0, len(found) - DIFFERENCES),
        "converges": [_converge(each) for each in converges.defer("differences")[:CONVERGES]],
        "all_converges": reverse("admin:commands_converge_changelist") + f"?device__id__exact={row.pk}",
        "may_converge": may_operate,
    }


def _facts(row: Any, report: DriftReport | None) -> list[tuple[str, Any]]:
    group = row.group
    own = row.assigned_blueprint
    inherited = group.effective_blueprint if group else None
    source = "its own" if own else f"of the group {group.name}" if inherited else ""
    blueprint = own or inherited
    return [
        ("Blueprint", blueprint_link(blueprint)),
        *([("Comes from", source)] if source else []),
        ("Standing", _standing(row.told)),
        ("Has now", blueprint_link(row.current_blueprint, row.current_blueprint_version)),
        ("Compared", display.moment(report.checked_at if report else None, "never")),
    ]


def _standing(told: str) -> Any:
    if told == NONE:
        return display.label("no blueprint", "neutral")
    return display.label("never compared", "neutral") if told == UNSEEN else standing_label(told)


def _converge(row: Converge) -> dict[str, Any]:
    return {
        "link": display.link(row, display.moment(row.created_at)),
        "label": status_label(row),
        "version": blueprint_link(row.blueprint, row.blueprint_version),
        "reason": row.reason,
    }


# What is done -------------------------------------------------------------------------------------------------------
def assign_to_device(page: "ScopedAdmin", request: HttpRequest, device: Device) -> HttpResponse:
    form = BlueprintForm(device, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        wanted = form.cleaned_data["blueprint"]
        return page.carry_out(request, device, lambda: _assign(request, device, wanted))
    sentences = ["Nothing is sent by this: the device gets what differs when it converges."]
    return _ask(page, request, device, f"Which blueprint has {device}?", sentences, form, "Assign")


def _assign(request: HttpRequest, device: Device, wanted: Blueprint | None) -> str:
    told: dict[str, Any] = {"tenant": device.tenant, "actor": console_actor(request), "device_ids": [device.pk]}
    if wanted is not None:
        assign_blueprint(blueprint=wanted, **told)
        return f"{device} has {wanted.name} as its own now."
    if device.assigned_blueprint is None:
        return f"{device} has no blueprint of its own."
    withdraw_blueprint(blueprint=device.assigned_blueprint, **told)
    return f"{device} has no blueprint of its own any more; its group's counts."


def converge_device(page: "ScopedAdmin", request: HttpRequest, device: Device) -> HttpResponse:
    form = ConvergeDeviceForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            converge = create_converge(
                tenant=device.tenant, actor=console_actor(request), device=device, **form.cleaned_data
            )
        except ApplicationError as error:
            page.message_user(request, error.message, messages.ERROR)
            return redirect(page.url_of(device))
        return redirect("admin:commands_converge_change", converge.pk)
    sentences = ["The device is compared with the published version of its blueprint and sent only what differs."]
    return _ask(page, request, device, f"Converge {device}?", sentences, form, "Converge")


def check_device(page: "ScopedAdmin", request: HttpRequest, device: Device) -> HttpResponse:
    """By a button on the device's page only."""
    if request.method != "POST":
        return redirect(page.url_of(device))
    return page.carry_out(request, device, lambda: _check(request, device))


def _check(request: HttpRequest, device: Device) -> str:
    report = check_drift(device)
    asked = ask_device(device=device, actor=console_actor(request))
    told = "The device is asked what it has" if asked else "The device has been asked already what it has"
    if report is None:
        return f"{told}; it is compared as soon as it has answered."
    return f"Compared with what is known. {told}; it is compared again as soon as it has answered."


def _ask(
    page: "ScopedAdmin",
    request: HttpRequest,
    device: Device,
    title: str,
    sentences: list[str],
    form: forms.Form,
    button: str,
) -> HttpResponse:
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "original": device,
        "back": page.url_of(device),
        "title": title,
        "sentences": sentences,
        "form": form,
        "button": button,
    }
    return TemplateResponse(request, "admin/devices/blueprint/converge.html", context)
