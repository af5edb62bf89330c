"""VPP tokens: stored, renewed and deleted by guided pages."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from tenants.actors import console_actor
from tenants.admin import vpp_pages
from tenants.admin.apple_tokens import AppleTokenAdmin
from tenants.admin.base import list_button, page_action
from tenants.admin.filters import ScopedFilter
from tenants.admin.guide import GuideForm, submitted
from tenants.models import Role, VppToken
from tenants.services.vpp_tokens import create_vpp_token, delete_vpp_token, renew_vpp_token


@admin.register(VppToken)
class VppTokenAdmin(AppleTokenAdmin):
    list_display = ("organisation", "tenant", "condition", "expires", "created_by")
    list_filter = (("tenant", ScopedFilter),)
    search_fields = ("org_name",)
    actions_list = ("add_token",)
    actions_detail = ("remove",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[VppToken]:
        return super().get_queryset(request).select_related("tenant").defer("token")

    def upload_form(self, token: VppToken, *data: Any) -> GuideForm:
        return vpp_pages.RenewForm(*data)

    def store(self, request: HttpRequest, token: VppToken, **told: Any) -> str:
        return _in_use(renew_vpp_token(token=token, actor=console_actor(request), **told))

    def token_page(self, request: HttpRequest, token: Any, form: GuideForm | None) -> HttpResponse:
        return vpp_pages.token_page(self, request, token, form)

    @list_button("Add token", role=Role.ADMIN, icon="add")
    def add_token(self, request: HttpRequest) -> HttpResponse:
        data = [request.POST, request.FILES] if request.method == "POST" else []
        form = vpp_pages.AddForm(self, request, *data)
        made: list[VppToken] = []
        said = submitted(form, lambda told, force: self._create(request, made, **told))
        if said is None:
            return vpp_pages.add_page(self, request, form)
        self.message_user(request, said, messages.SUCCESS)
        return redirect(self.url_of(made[0]))

    def _create(self, request: HttpRequest, made: list[VppToken], **told: Any) -> str:
        made.append(create_vpp_token(actor=console_actor(request), **told))
        return _in_use(made[0])

    @page_action("Delete", role=Role.ADMIN, icon="delete", variant="danger")
    def remove(self, request: HttpRequest, object_id: str) -> HttpResponse:
        token: VppToken = self.own_object(request, object_id, Role.ADMIN)
        title, sentences = vpp_pages.deletion(token)
        return self.delete_asked(
            request,
            token,
            title=title,
            sentences=sentences,
            delete=lambda: delete_vpp_token(tenant=token.tenant, token_id=str(token.pk), actor=console_actor(request)),
        )

    @admin.display(description="token of", ordering="org_name")
    def organisation(self, obj: VppToken) -> str:
        return str(obj)


def _in_use(token: VppToken) -> str:
    return f"The token of {token} is stored, and good until {token.token_expiry_on:%Y-%m-%d}."
