"""Filters that offer only what the user may see."""

from typing import TYPE_CHECKING, Any

from django.contrib.admin import ModelAdmin
from django.db.models import Field
from django.http import HttpRequest

from tenants.admin.base import ScopedAdmin

if TYPE_CHECKING:  # Unfold has no types; its filters are Django's with another look
    from django.contrib.admin import ChoicesFieldListFilter as ChoicesFilter
    from django.contrib.admin import DateFieldListFilter as DateRangeFilter
    from django.contrib.admin import RelatedFieldListFilter, SimpleListFilter
else:
    from unfold.contrib.filters.admin import ChoicesDropdownFilter as ChoicesFilter
    from unfold.contrib.filters.admin import DropdownFilter as SimpleListFilter
    from unfold.contrib.filters.admin import RangeDateTimeFilter as DateRangeFilter
    from unfold.contrib.filters.admin import RelatedDropdownFilter as RelatedFieldListFilter

__all__ = ["ChoicesFilter", "DateRangeFilter", "ScopedFilter", "SimpleListFilter"]


class ScopedFilter(RelatedFieldListFilter):
    """By a related row; other tenants' rows are not among the choices. Not shown when there is nothing to choose."""

    def field_choices(
        self, field: "Field[Any, Any]", request: HttpRequest, model_admin: "ModelAdmin[Any]"
    ) -> list[tuple[Any, Any]]:
        if not isinstance(model_admin, ScopedAdmin) or field.related_model is None:
            return []
        rows = model_admin.choices_of(field.related_model, request, model_admin.view_role)
        return [(row.pk, str(row)) for row in rows]
