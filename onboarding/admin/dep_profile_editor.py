"""The page that makes or changes a profile: what is typed stays on it until it is right."""

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from commands.admin.send_targets import counted
from config.api.errors import ApplicationError
from config.api.fields import parse_id
from onboarding.admin.dep_display import HERE
from onboarding.admin.dep_filters import wanting
from onboarding.admin.dep_profile_form import DepProfileForm, stamp
from onboarding.models import DepDevice, DepProfile
from onboarding.services.dep.profiles import save_profile
from tenants.actors import console_actor
from tenants.models import Role, Tenant

if TYPE_CHECKING:
    from tenants.admin.base import ScopedAdmin

OURS_ALONE = frozenset({"group", "minimum_os_version", "minimum_macos_version", "is_default"})  # Apple is not told


def new_page(page: "ScopedAdmin", request: HttpRequest) -> HttpResponse:
    """Asks for the tenant first when the user may do it for several."""
    tenants = page.choices_of(Tenant, request, Role.OPERATOR).order_by("name")
    if asked := parse_id(request.GET.get("tenant", "")):
        tenants = tenants.filter(pk=asked)
    some = list(tenants[:2])
    if len(some) == 1:
        return edit_page(page, request, DepProfile(tenant=some[0]))
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "title": "New DEP profile: for which tenant?",
        "tenants": tenants,
        "back": _list_url(),
    }
    return TemplateResponse(request, "admin/onboarding/tenant.html", context)


def edit_page(page: "ScopedAdmin", request: HttpRequest, profile: DepProfile) -> HttpResponse:
    stored = stamp(profile)
    devices = devices_wanting(profile)
    form = DepProfileForm(profile.tenant, profile, request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return _shown(page, request, form, devices)
    if form.cleaned_data["seen"] != stored:
        form.data = {**request.POST.dict(), "show_setup_items": form.cleaned_data["show_setup_items"], "seen": stored}
        form.add_error(None, _outdated(profile.pk))
        return _shown(page, request, form, devices)
    changed = set(form.changed_data) - {"seen"}
    try:
        saved = save_profile(profile=form.instance, actor=console_actor(request))
    except ApplicationError as error:
        form.refuse(error)
        return _shown(page, request, form, devices)
    page.message_user(request, _said(saved, changed, is_new=not stored), messages.SUCCESS)
    return redirect(page.url_of(saved))


def devices_wanting(profile: DepProfile) -> int:
    """Of Apple's list, those that are to have it."""
    return 0 if profile._state.adding else DepDevice.objects.filter(HERE & wanting(profile)).order_by().count()


def _outdated(profile_id: Any) -> str:
    stored = DepProfile.objects.filter(pk=profile_id).only("updated_by").first()
    who = stored.updated_by if stored else "Somebody"
    return f"{who} saved this profile meanwhile. What you typed is below; save again to put it in the place of theirs."


def _said(saved: DepProfile, changed: set[str], *, is_new: bool) -> str:
    """What becomes of it: whether Apple is told, and how many devices that is about."""
    number = devices_wanting(saved)
    if is_new:
        told = f" It is for {counted(number)}." if number else " No device has it yet."
        return f"The profile {saved.name} is made.{told}"
    if not changed:
        return "Nothing was changed."
    if not changed - OURS_ALONE and "is_default" not in changed:
        return f"The profile {saved.name} is saved. It counts for devices that enrol from now on."
    verb = "gets" if number == 1 else "get"
    again = f"{counted(number)} {verb} it" if number else "No device has it yet, so none gets it"
    return f"The profile {saved.name} is saved. {again} at Apple as soon as a worker is free."


def _shown(page: "ScopedAdmin", request: HttpRequest, form: DepProfileForm, devices: int) -> HttpResponse:
    profile = form.instance
    is_new = profile._state.adding
    stored = None if is_new else DepProfile.objects.filter(pk=profile.pk).first()
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        **(page.object_context(request, stored) if stored else {}),
        "media": page.media + form.media,
        "actions_detail": [],
        "title": f"Edit {stored.name}" if stored else f"New DEP profile of {profile.tenant}",
        "form": form,
        "devices": counted(devices) if devices else "",
        "back": page.url_of(stored) if stored else _list_url(),
    }
    answer = TemplateResponse(request, "admin/onboarding/depprofile/edit.html", context)
    answer.status_code = 400 if form.errors else 200
    return answer


def _list_url() -> str:
    return reverse("admin:onboarding_depprofile_changelist")
