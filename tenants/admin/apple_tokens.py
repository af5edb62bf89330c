"""What the pages of DEP and VPP tokens share. Keys and tokens are never shown."""

import datetime as dt
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.safestring import SafeString

from config.api.errors import NotFound
from tenants.admin import display
from tenants.admin.base import ScopedAdmin
from tenants.admin.guide import GuideForm, gone, submitted
from tenants.credentials import SOON
from tenants.models import DepToken, Role, VppToken

BUSINESS = SafeString('<a href="https://business.apple.com" target="_blank" rel="noopener">Apple Business</a>')
SCHOOL = SafeString('<a href="https://school.apple.com" target="_blank" rel="noopener">Apple School Manager</a>')


def token_label(token: Any) -> SafeString:
    """`token` may be annotated with whether a newer one has `replaced` it."""
    expiry: dt.datetime | None = token.token_expiry_on
    if expiry is None:
        return display.label("waits for Apple's token", "info")
    if getattr(token, "replaced", False):
        return display.label("replaced", "neutral")
    if expiry <= timezone.now():
        return display.label("expired", "danger")
    return display.label("expires soon", "warning") if ends_soon(expiry) else display.label("in use", "success")


def ends_soon(expiry: dt.datetime) -> bool:
    return expiry <= timezone.now() + dt.timedelta(days=SOON)


def expiry_notices(expiry: dt.datetime, *, consequence: str) -> list[tuple[str, str]]:
    """Above the steps, from SOON days before the end."""
    distance = display.distance(expiry)
    if expiry <= timezone.now():
        return [("danger", f"It expired {distance}: {consequence}. Renew it now.")]
    return [("warning", f"It expires {distance}. Renew it before: after that, {consequence}.")] * ends_soon(expiry)


class AppleTokenAdmin(ScopedAdmin):
    """A list, and a guided page for each token, with a form for those who may upload."""

    list_select_related = ("tenant",)

    def upload_form(self, token: Any, *data: Any) -> GuideForm:
        raise NotImplementedError

    def store(self, request: HttpRequest, token: Any, **told: Any) -> str:
        """Calls the service with the form's data; says what there is now."""
        raise NotImplementedError

    def token_page(self, request: HttpRequest, token: Any, form: GuideForm | None) -> HttpResponse:
        """Without a form for those who may only look."""
        raise NotImplementedError

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        token = self.get_object(request, object_id)
        may = self.may(request, Role.ADMIN, token)
        if request.method == "POST":
            if token and not may:
                raise PermissionDenied
            return self._upload(request, token) if token else gone(self, request)
        if token is None:
            return super().change_view(request, object_id, form_url, extra_context)
        return self.token_page(request, token, self.upload_form(token) if may else None)

    def _upload(self, request: HttpRequest, token: Any) -> HttpResponse:
        form = self.upload_form(token, request.POST, request.FILES)
        try:
            said = submitted(form, lambda told, force: self.store(request, token, force=force, **told))
        except NotFound:
            return gone(self, request)
        if said is not None:
            self.message_user(request, said, messages.SUCCESS)
            return redirect(self.url_of(token))
        latest = self.get_object(request, str(token.pk))
        return self.token_page(request, latest, form) if latest else gone(self, request)

    def delete_asked(
        self, request: HttpRequest, token: Any, *, title: str, sentences: list[str], delete: Any
    ) -> HttpResponse:
        """Asks, and then calls the service (`delete`)."""
        if request.method != "POST":
            return self.confirm(request, token, title=title, sentences=sentences, button="Delete")
        try:
            delete()
        except NotFound:
            return gone(self, request)
        self.message_user(request, f"{token} is deleted.", messages.SUCCESS)
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    @admin.display(description="state")
    def condition(self, obj: DepToken | VppToken) -> SafeString:
        return token_label(obj)

    @admin.display(description="expires", ordering="token_expiry_on")
    def expires(self, obj: DepToken | VppToken) -> SafeString:
        return display.moment(obj.token_expiry_on)
