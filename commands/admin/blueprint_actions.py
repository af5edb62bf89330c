"""What is done with a blueprint as a whole: publish, restore, delete, converge. Each asks first."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from commands.admin.blueprint_diff import differences
from commands.admin.blueprint_display import version_label
from commands.admin.blueprint_standing import devices_of, standings_of
from commands.admin.send_targets import counted
from commands.blueprint_selectors import get_version
from commands.services.blueprints import delete_blueprint, restore_version, update_blueprint
from commands.services.converges.creation import create_converges
from config.api.errors import ApplicationError, NotFound
from config.api.fields import parse_id
from devices.models import Blueprint
from tenants.actors import console_actor

if TYPE_CHECKING:
    from tenants.admin.base import ScopedAdmin

NOTHING_PUBLISHED = "Nothing of this blueprint is published yet, so there is nothing to converge to."


class PublishForm(forms.Form):
    comments = forms.CharField(
        required=False, label="Comment", help_text="What changed and why.", widget=UnfoldAdminTextInputWidget
    )


class ConvergeForm(forms.Form):
    provision = forms.BooleanField(
        required=False,
        label="Also what is for provisioning only",
        help_text="Settings that otherwise reach a device only at its enrolment or when it moves into a group.",
        widget=UnfoldBooleanWidget,
    )


def ask(page: "ScopedAdmin", request: HttpRequest, blueprint: Blueprint, template: str, **told: Any) -> HttpResponse:
    """One of the pages that ask; `form` among what is told is drawn with what was refused of it."""
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "original": blueprint,
        "back": page.url_of(blueprint),
        **told,
    }
    return TemplateResponse(request, f"admin/devices/blueprint/{template}.html", context)


def publish_page(page: "ScopedAdmin", request: HttpRequest, blueprint: Blueprint) -> HttpResponse:
    """What differs from the published version, and for how many devices."""
    latest, published = blueprint.latest_version, blueprint.published_version
    if latest is None or (published is not None and latest.pk == published.pk):
        page.message_user(request, "The latest version is published already.", messages.WARNING)
        return redirect(page.url_of(blueprint))
    form = PublishForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        told = {"comments": form.cleaned_data["comments"] or None, "publish": True}
        told["seen"] = parse_id(request.POST.get("seen", "")) or latest.pk
        return page.carry_out(request, blueprint, lambda: _publish(request, blueprint, told))
    total = sum(standings_of(blueprint).values())
    sentences = [f"{counted(total)} will be upgradable. They stay as they are until they converge."]
    return ask(
        page,
        request,
        blueprint,
        "publish",
        title=f"Publish {blueprint.name} {latest.number}?",
        form=form,
        sentences=sentences,
        before=version_label(published),
        after=version_label(latest),
        seen=latest.pk,
        rows=differences(published, latest),
    )


def _publish(request: HttpRequest, blueprint: Blueprint, told: dict[str, Any]) -> str:
    actor = console_actor(request)
    saved = update_blueprint(tenant=blueprint.tenant, actor=actor, blueprint_id=blueprint.pk, **told)
    assert saved.published_version is not None
    return f"Version {saved.published_version.number} is published. Devices get it when they converge."


def restore_page(page: "ScopedAdmin", request: HttpRequest, blueprint: Blueprint, version_id: Any) -> HttpResponse:
    """The settings of an earlier version as a new draft."""
    try:
        version = get_version(blueprint, version_id=version_id)
    except NotFound as error:
        raise Http404(error.message) from None
    if request.method == "POST":

        def restore() -> str:
            saved = restore_version(
                tenant=blueprint.tenant,
                actor=console_actor(request),
                blueprint_id=blueprint.pk,
                version_id=version.pk,
            )
            assert saved.latest_version is not None
            return f"Version {saved.latest_version.number} is a draft with the settings of {version.number}."

        return page.carry_out(request, blueprint, restore)
    return ask(
        page,
        request,
        blueprint,
        "publish",
        title=f"Restore version {version.number} of {blueprint.name}?",
        sentences=[
            f"A new draft will say what version {version.number} said. Nothing is published by that, and no version "
            "is lost."
        ],
        button="Restore as a draft",
        before=version_label(blueprint.latest_version),
        after=version_label(version),
        rows=differences(blueprint.latest_version, version),
    )


def delete_page(page: "ScopedAdmin", request: HttpRequest, blueprint: Blueprint) -> HttpResponse:
    if request.method != "POST":
        sentences = [
            "All its versions go with it. It is refused while a device or a group has the blueprint.",
            "Devices keep what they have.",
        ]
        title = f"Delete the blueprint {blueprint.name}?"
        return page.confirm(request, blueprint, title=title, sentences=sentences, button="Delete")
    try:
        delete_blueprint(tenant=blueprint.tenant, actor=console_actor(request), blueprint_id=blueprint.pk)
    except ApplicationError as error:
        page.message_user(request, error.message, messages.ERROR)
        return redirect(page.url_of(blueprint))
    page.message_user(request, f"The blueprint {blueprint.name} is deleted.", messages.SUCCESS)
    return redirect("admin:devices_blueprint_changelist")


def converge_all_page(page: "ScopedAdmin", request: HttpRequest, blueprint: Blueprint) -> HttpResponse:
    """Of every device that the blueprint counts for."""
    if blueprint.published_version is None:
        page.message_user(request, NOTHING_PUBLISHED, messages.WARNING)
        return redirect(page.url_of(blueprint))
    form = ConvergeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        provision = form.cleaned_data["provision"]
        return page.carry_out(request, blueprint, lambda: _converge(request, blueprint, provision=provision))
    total = sum(standings_of(blueprint).values())
    return ask(
        page,
        request,
        blueprint,
        "converge",
        title=f"Converge all devices of {blueprint.name}?",
        form=form,
        total=total,
        sentences=[
            f"{counted(total)} will be compared with version {blueprint.published_version.number}, and each is sent "
            "only what differs there. A device that converges already does so once more afterwards.",
        ],
    )


def _converge(request: HttpRequest, blueprint: Blueprint, *, provision: bool) -> str:
    devices = list(devices_of(blueprint.pk).values_list("pk", flat=True))
    able = create_converges(
        tenant=blueprint.tenant, actor=console_actor(request), device_ids=devices, provision=provision
    )
    left = len(devices) - len(able)
    more = f" {counted(left)} cannot just now, such as those that are not enrolled." if left else ""
    return f"{counted(len(able))} {'converges' if len(able) == 1 else 'converge'}.{more}"
