"""Contacts: who is written to before something of a tenant ends."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.safestring import SafeString

from config.api.errors import NotFound
from tenants.actors import console_actor
from tenants.admin import display
from tenants.admin.base import ScopedAdmin, page_action
from tenants.admin.filters import ScopedFilter
from tenants.models import Role, TenantContact
from tenants.services.contacts import add_contact, remove_contact

WITHOUT = "They hear no more of what expires. Without any contact, the tenant's console admins do."


class ContactForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        help_texts: ClassVar = {
            "email": "Is written to 60, 30, 14, 7 and 1 days before a certificate or a token of the tenant expires.",
            "name": "For people; only the address is written to.",
        }


@admin.register(TenantContact)
class TenantContactAdmin(ScopedAdmin):
    form = ContactForm
    add_role = Role.ADMIN
    list_display = ("email", "name", "tenant", "created_by", "added")
    list_select_related = ("tenant",)
    list_filter = (("tenant", ScopedFilter),)
    search_fields = ("email", "name")
    actions = ("remove_selected",)
    actions_detail = ("remove",)

    def get_fields(self, request: HttpRequest, obj: TenantContact | None = None) -> list[Any]:
        return ["tenant", "email", "name", "created_by", "added_at"] if obj else ["tenant", "email", "name"]

    def get_readonly_fields(self, request: HttpRequest, obj: TenantContact | None = None) -> list[str]:
        return self.get_fields(request, obj) if obj else []

    def save_model(self, request: HttpRequest, obj: TenantContact, form: Any, change: bool) -> None:
        saved = add_contact(tenant=obj.tenant, email=obj.email, name=obj.name, actor=console_actor(request))
        obj.__dict__.update(saved.__dict__)

    def response_add(
        self, request: HttpRequest, obj: TenantContact, post_url_continue: str | None = None
    ) -> HttpResponse:
        self.message_user(request, f"{obj.email} will hear of what expires.", messages.SUCCESS)
        again = "_addanother" in request.POST
        return redirect(f"admin:tenants_tenantcontact_{'add' if again else 'changelist'}")

    @page_action("Remove", role=Role.ADMIN, icon="person_remove", variant="danger")
    def remove(self, request: HttpRequest, object_id: str) -> HttpResponse:
        contact: TenantContact = self.own_object(request, object_id, Role.ADMIN)
        if request.method == "POST":
            self.message_user(request, self._remove(request, [contact]), messages.SUCCESS)
            return redirect("admin:tenants_tenantcontact_changelist")
        title = f"Remove {contact.email}?"
        return self.confirm(request, contact, title=title, sentences=[WITHOUT], button="Remove")

    @admin.action(description="Remove selected contacts", permissions=["administer"])
    def remove_selected(self, request: HttpRequest, queryset: QuerySet[TenantContact]) -> HttpResponse:
        contacts = [contact for contact in queryset if self.may(request, Role.ADMIN, contact)]
        self.message_user(request, self._remove(request, contacts), messages.SUCCESS)
        return redirect(request.get_full_path())

    def _remove(self, request: HttpRequest, contacts: list[TenantContact]) -> str:
        removed = 0
        for contact in contacts:
            try:
                remove_contact(contact=contact, actor=console_actor(request))
            except NotFound:
                continue  # somebody else was faster
            removed += 1
        return f"{removed} removed."

    @admin.display(description="added", ordering="created_at")
    def added(self, obj: TenantContact) -> SafeString:
        return display.moment(obj.created_at)

    @admin.display(description="added")
    def added_at(self, obj: TenantContact) -> SafeString:
        return display.exact(obj.created_at)
