"""DEP tokens: made, given back, renewed and deleted by guided pages."""

from typing import Any

from django.contrib import admin
from django.db.models import Exists, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect

from config.api.errors import NotFound
from tenants.actors import console_actor
from tenants.admin import dep_pages
from tenants.admin.apple_tokens import AppleTokenAdmin
from tenants.admin.base import list_button, page_action
from tenants.admin.filters import ChoicesFilter, ScopedFilter
from tenants.admin.guide import GuideForm, gone, submitted
from tenants.admin.guide_forms import TenantForm
from tenants.credentials import newer_dep_tokens
from tenants.models import DepToken, Role
from tenants.selectors import SEALED_IN_DEP_TOKENS
from tenants.services.dep_tokens import (
    PUBLIC_KEY_FILE,
    complete_dep_token,
    create_dep_token,
    delete_dep_token,
    download_public_key,
)


@admin.register(DepToken)
class DepTokenAdmin(AppleTokenAdmin):
    list_display = ("name_or_key", "tenant", "condition", "expires", "updated_by")
    list_filter = (("tenant", ScopedFilter), ("state", ChoicesFilter))
    search_fields = ("token_name",)
    actions_list = ("new_token",)
    actions_detail = ("download", "remove")

    def get_queryset(self, request: HttpRequest) -> QuerySet[DepToken]:
        rows: QuerySet[DepToken] = super().get_queryset(request).annotate(replaced=Exists(newer_dep_tokens()))
        return rows.select_related("tenant").defer(*SEALED_IN_DEP_TOKENS, "certificate")

    def upload_form(self, token: DepToken, *data: Any) -> GuideForm:
        return dep_pages.UploadForm(token, *data)

    def store(self, request: HttpRequest, token: DepToken, **told: Any) -> str:
        stored = complete_dep_token(token=token, actor=console_actor(request), **told)
        return f"The token is stored, and good until {stored.token_expiry_on:%Y-%m-%d}."

    def token_page(self, request: HttpRequest, token: Any, form: GuideForm | None) -> HttpResponse:
        return dep_pages.token_page(self, request, token, form)

    @list_button("New token", role=Role.ADMIN, icon="add")
    def new_token(self, request: HttpRequest) -> HttpResponse:
        form = TenantForm(self, request, *([request.POST] if request.method == "POST" else []))
        made: list[DepToken] = []
        if submitted(form, lambda told, force: self._create(request, made, **told)) is None:
            return dep_pages.new_page(self, request, form)
        return redirect(self.url_of(made[0]))

    def _create(self, request: HttpRequest, made: list[DepToken], **told: Any) -> str:
        made.append(create_dep_token(actor=console_actor(request), **told))
        return ""

    @page_action("Public key", role=Role.ADMIN, icon="download")
    def download(self, request: HttpRequest, object_id: str) -> HttpResponse:
        token: DepToken = self.own_object(request, object_id, Role.ADMIN)
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        try:
            text = download_public_key(token=token, actor=console_actor(request))
        except NotFound:
            return gone(self, request)
        told = {"Content-Disposition": f'attachment; filename="{PUBLIC_KEY_FILE}"', "Cache-Control": "no-store"}
        return HttpResponse(text, content_type="text/plain; charset=utf-8", headers=told)

    @page_action("Delete", role=Role.ADMIN, icon="delete", variant="danger")
    def remove(self, request: HttpRequest, object_id: str) -> HttpResponse:
        token: DepToken = self.own_object(request, object_id, Role.ADMIN)
        title, sentences = dep_pages.deletion(token)
        return self.delete_asked(
            request,
            token,
            title=title,
            sentences=sentences,
            delete=lambda: delete_dep_token(token=token, actor=console_actor(request)),
        )

    def hidden_actions(self, obj: DepToken) -> frozenset[str]:
        """The public key is among the steps."""
        return frozenset({"download"})

    @admin.display(description="token", ordering="token_name")
    def name_or_key(self, obj: DepToken) -> str:
        return str(obj)
