"""Choosing the profile of a server, or of devices of Apple's list."""

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.widgets import UnfoldAdminSelectWidget

from commands.admin.send_targets import counted
from config.api.errors import ApplicationError
from config.api.fields import parse_id
from onboarding.models import DepDevice, DepProfile, DepServer
from onboarding.services.dep.again import assign_devices_again
from onboarding.services.dep.profiles import choose_for_devices, choose_for_server
from tenants.actors import console_actor
from tenants.models import Role, Tenant

if TYPE_CHECKING:
    from tenants.admin.base import ScopedAdmin

MOST = 5_000  # devices at once
NAMED = 12
GIVE_URL = "onboarding_depdevice_give"
LATER = "It counts when a device is set up next: one that is in use stays as it is."


class ProfileForm(forms.Form):
    profile = forms.ModelChoiceField(DepProfile.objects.none(), required=False, widget=UnfoldAdminSelectWidget)

    def __init__(self, tenant: Tenant, otherwise: str, data: Any = None, *, chosen: uuid.UUID | None = None) -> None:
        """`otherwise`: what having none of these means."""
        super().__init__(data, initial={"profile": chosen})
        field = self.fields["profile"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = DepProfile.objects.filter(tenant=tenant).order_by("name", "id")
        field.empty_label = otherwise


def _data(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" and "yes" in request.POST else None


def choose_for_server_page(page: "ScopedAdmin", request: HttpRequest, server: DepServer) -> HttpResponse:
    form = ProfileForm(server.tenant, "The tenant's default", _data(request), chosen=server.profile_id)
    if form.is_valid():
        profile: DepProfile | None = form.cleaned_data["profile"]

        def write() -> str:
            choose_for_server(server=server, profile=profile, actor=console_actor(request))
            named = profile.name if profile else "the tenant's default"
            return f"Devices of {server} are to have {named}, as soon as a worker is free."

        return page.carry_out(request, server, write)
    sentences = ["For all devices of this server that were given no other one by one.", LATER]
    context = {"original": server, "back": page.url_of(server), "title": f"Which profile has {server}?"}
    return _shown(page, request, form, sentences=sentences, button="Choose", **context)


# Devices ------------------------------------------------------------------------------------------------------------
def devices_refused(page: "ScopedAdmin", request: HttpRequest, rows: Sequence[DepDevice]) -> str:
    """Why nothing can be done with these together; empty if it can."""
    if len(rows) > MOST:
        return f"That goes for at most {MOST:,} devices at once; filter the list, or choose a profile for the server."
    if len({row.tenant_id for row in rows}) > 1:
        return "These are devices of several tenants; select those of one."
    foreign = next((row for row in rows if not page.may(request, Role.OPERATOR, row)), None)
    return f"You may not change {foreign} ({foreign.tenant}): your role there is viewer." if foreign else ""


def selected(rows: QuerySet[DepDevice]) -> list[DepDevice]:
    """One more than there may be."""
    return list(rows[: MOST + 1])


def give_page(page: "ScopedAdmin", request: HttpRequest, rows: Sequence[DepDevice]) -> HttpResponse:
    """Asks which profile devices are to have. `rows` may be changed by the user, and are of one tenant."""
    chosen = rows[0].own_profile_id if len(rows) == 1 else None
    form = ProfileForm(rows[0].tenant, "Their server's, or the tenant's default", _data(request), chosen=chosen)
    if form.is_valid():
        return _give(page, request, rows, form.cleaned_data["profile"])
    named = ", ".join(row.serial for row in rows[:NAMED])
    more = f" and {len(rows) - NAMED:,} more" if len(rows) > NAMED else ""
    return _shown(
        page,
        request,
        form,
        title=f"Which profile is for {counted(len(rows))}?",
        sentences=[f"{named}{more}.", "It is theirs instead of their server's.", LATER],
        button="Give it",
        action=reverse(f"admin:{GIVE_URL}"),
        ids=",".join(str(row.pk) for row in rows),
        back=_back(page, rows),
    )


def give_posted(page: "ScopedAdmin", request: HttpRequest) -> HttpResponse:
    """The answer to that page; its devices are looked up and judged again as this user's."""
    keys = [known for word in request.POST.get("devices", "").split(",")[: MOST + 1] if (known := parse_id(word))]
    rows = selected(page.get_queryset(request).filter(pk__in=keys).order_by("serial"))
    refusal = devices_refused(page, request, rows) if rows else "Select devices first."
    if refusal:
        page.message_user(request, refusal, messages.ERROR)
        return redirect("admin:onboarding_depdevice_changelist")
    return give_page(page, request, rows)


def _give(
    page: "ScopedAdmin", request: HttpRequest, rows: Sequence[DepDevice], profile: DepProfile | None
) -> HttpResponse:
    try:
        changed = choose_for_devices(
            tenant=rows[0].tenant,
            device_ids=[row.pk for row in rows],
            profile=profile,
            actor=console_actor(request),
        )
    except ApplicationError as error:
        page.message_user(request, error.message, messages.ERROR)
    else:
        named = profile.name if profile else "their server's profile again"
        are = "is" if changed == 1 else "are"
        said = f"{counted(changed)} {are} to have {named}, as soon as a worker is free."
        page.message_user(request, said if changed else "They have it already.", messages.SUCCESS)
    return redirect(_back(page, rows))


def assign_again(page: "ScopedAdmin", request: HttpRequest, rows: Sequence[DepDevice]) -> str:
    """For devices of one tenant that this user may change; what to say."""
    keys = [row.pk for row in rows]
    number = assign_devices_again(tenant=rows[0].tenant, device_ids=keys, actor=console_actor(request))
    gone = len(rows) - number
    left = f" {counted(gone)} left the server: nothing can be assigned there." if gone else ""
    return f"Apple is asked again for {counted(number)}, as soon as a worker is free.{left}"


def _back(page: "ScopedAdmin", rows: Sequence[DepDevice]) -> str:
    return page.url_of(rows[0]) if len(rows) == 1 else reverse("admin:onboarding_depdevice_changelist")


def _shown(page: "ScopedAdmin", request: HttpRequest, form: forms.Form, **told: Any) -> HttpResponse:
    context = {**page.admin_site.each_context(request), "opts": page.opts, "form": form, **told}
    status = 400 if form.errors else 200
    return TemplateResponse(request, "admin/onboarding/choose.html", context, status=status)
