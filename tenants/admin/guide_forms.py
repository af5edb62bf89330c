"""Forms that several guided pages have."""

from typing import Any

from django import forms
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelectWidget

from config.api.fields import parse_id
from tenants.admin.base import ScopedAdmin
from tenants.admin.guide import GuideForm
from tenants.models import Role, Tenant


class TenantForm(GuideForm):
    """Asks for the tenant when the user may do it for several; the query may name one."""

    refused_at: str | None = None
    tenant: "forms.ModelChoiceField[Tenant]" = forms.ModelChoiceField(
        Tenant.objects.none(), empty_label="Choose one", widget=UnfoldAdminSelectWidget
    )

    def __init__(self, page: ScopedAdmin, request: HttpRequest, *args: Any) -> None:
        super().__init__(*args)
        tenants = page.choices_of(Tenant, request, Role.ADMIN).order_by("name")
        asked = parse_id(request.GET.get("tenant", ""))
        self.tenants = tenants.filter(pk=asked) if asked else tenants
        some = list(self.tenants[:2])
        self.only = some[0] if len(some) == 1 else None
        field = self.fields["tenant"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset, field.initial = self.tenants, self.only
        if self.only:
            field.widget = forms.HiddenInput()

    def for_whom(self) -> list[str]:
        """The sentence that says it when there is nothing to choose."""
        return [f"The tenant is {self.only}."] if self.only else []
