"""What every page of the console shares: whose rows it shows, and who may do what with them."""

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from django.contrib import messages
from django.contrib.admin import ShowFacets
from django.contrib.admin.options import InlineModelAdmin
from django.contrib.admin.views.main import ERROR_FLAG
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.db.models import ForeignKey, Model, QuerySet
from django.forms import Form, ModelChoiceField
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import cached_property
from unfold.decorators import action as unfold_action
from unfold.enums import ActionVariant

from config.api.errors import ApplicationError
from tenants import audit
from tenants.actors import console_actor
from tenants.models import Role, Tenant
from tenants.selectors import roles_of_user, tenants_of_user

if TYPE_CHECKING:  # Unfold has no types; its ModelAdmin is Django's with another look
    from django.contrib.admin import ModelAdmin
else:
    from unfold.admin import ModelAdmin

F = TypeVar("F", bound=Callable[..., Any])
LOOKUPS = ("", "__exact", "__id__exact", "__isnull", "__in", "__gte", "__gt", "__lte", "__lt")
SPLIT_DATETIMES = ("_from_0", "_from_1", "_to_0", "_to_1")


def user_of(request: HttpRequest) -> User:
    return cast("User", request.user)


def roles_of(request: HttpRequest) -> dict[uuid.UUID, Role]:
    """The user's role in each tenant, asked of the database once per request."""
    roles: dict[uuid.UUID, Role] | None = getattr(request, "tenant_roles", None)
    if roles is None:
        roles = roles_of_user(user_of(request))
        request.tenant_roles = roles  # type: ignore[attr-defined]
    return roles


def sees_several(request: HttpRequest) -> bool:
    """Whether the user sees more than one tenant, so that rows must say whose they are."""
    if not user_of(request).is_superuser:
        return len(roles_of(request)) > 1
    several: bool | None = getattr(request, "sees_several", None)
    if several is None:
        several = len(Tenant.objects.values_list("pk")[:2]) > 1
        request.sees_several = several  # type: ignore[attr-defined]
    return several


def page_action(
    description: str, *, role: Role, icon: str = "", variant: str = "default", new_tab: bool = False
) -> Callable[[F], F]:
    """A button on an object's page, shown to users with this role. The method checks it again with `own_object`."""

    def decorate(method: F) -> F:
        button = unfold_action(
            description=description,
            icon=icon,
            variant=ActionVariant(variant),
            attrs={"target": "_blank"} if new_tab else {},
        )(method)
        button.needed = role
        return cast("F", button)

    return decorate


def list_button(description: str, *, role: Role = Role.OPERATOR, icon: str = "") -> Callable[[F], F]:
    """A button above a list, shown to those who are this in some tenant; nobody else may call the method."""
    permission = "administer" if role is Role.ADMIN else "operate"
    decorate = unfold_action(description=description, icon=icon, permissions=[permission])
    return cast("Callable[[F], F]", decorate)


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts no further than anybody leafs: counting ten million rows would take longer than showing fifty."""

    MOST = 10_000

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        assert isinstance(rows, QuerySet)
        return rows.order_by().values("pk")[: self.MOST].count()


class ScopedAdmin(ModelAdmin):  # type: ignore[type-arg]
    """A page over rows of tenants: superusers see all of them, other staff those of the tenants they are members of.

    Roles say who may do what; `None` is nobody. Pages write through services, which keep the audit log. Pages of
    the installation (`tenant_field = None`) are for superusers, save their forms as they are, and log that here.
    """

    tenant_field: ClassVar[str | None] = "tenant_id"
    view_role: ClassVar[Role] = Role.VIEWER
    add_role: ClassVar[Role | None] = None
    change_role: ClassVar[Role | None] = None
    delete_role: ClassVar[Role | None] = None
    linked_lookups: tuple[str, ...] = ()  # filters that links use beside those in `list_filter`
    list_fullwidth = True
    list_filter_submit = True
    list_per_page = 50
    list_max_show_all = 0
    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # counting every choice of every filter is dear
    compressed_fields = True
    actions_detail: tuple[str, ...] = ()

    # Who may do what ------------------------------------------------------------------------------------------------
    def may(self, request: HttpRequest, role: Role | None, obj: Model | None = None) -> bool:
        """With this object; without one: with any."""
        user = user_of(request)
        if role is None or not user.is_active or not user.is_staff:
            return False
        if user.is_superuser:
            return True
        if self.tenant_field is None:
            return False
        held = roles_of(request)
        if obj is None:
            return any(each.allows(role) for each in held.values())
        mine = held.get(getattr(obj, self.tenant_field))
        return mine is not None and mine.allows(role)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.may(request, self.view_role)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.may(request, self.view_role, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.may(request, self.add_role)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.may(request, self.change_role, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.may(request, self.delete_role, obj)

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Of actions on lists; their rows are checked one by one."""
        return self.may(request, Role.OPERATOR)

    def has_administer_permission(self, request: HttpRequest) -> bool:
        return self.may(request, Role.ADMIN)

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[Any]:
        obj = self.get_object(request, object_id)
        hidden = self.hidden_actions(obj) if obj is not None else frozenset(self.actions_detail)
        return [
            action
            for action in self._get_base_actions_detail()  # type: ignore[attr-defined]
            if self.may(request, action.method.needed, obj) and action.method.original_function_name not in hidden
        ]

    def hidden_actions(self, obj: Any) -> frozenset[str]:
        """Buttons that make no sense on this object."""
        return frozenset()

    def own_object(self, request: HttpRequest, object_id: str, role: Role) -> Any:
        """The object if the user may do with it what takes this role; absent and foreign are the same 404."""
        obj = self.get_object(request, object_id)
        if obj is None or not self.may(request, role, obj):
            raise Http404(f"No {self.opts.verbose_name} has this id.")
        return obj

    # Whose rows are seen --------------------------------------------------------------------------------------------
    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        if user_of(request).is_superuser:
            return rows
        if self.tenant_field is None:
            return rows.none()
        seen = [tenant_id for tenant_id, role in roles_of(request).items() if role.allows(self.view_role)]
        return rows.filter(**{f"{self.tenant_field}__in": seen})

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """The tenant's name only for those who see several."""
        names = list(super().get_list_display(request))
        return names if sees_several(request) else [name for name in names if name != "tenant"]

    def choices_of(self, model: type[Model], request: HttpRequest, role: Role) -> QuerySet[Any]:
        """The rows of another model that this user may pick from; closed unless that model has a page of its own."""
        if model is Tenant:
            return tenants_of_user(user_of(request), role)
        page = self.admin_site._registry.get(model)
        if page is None or not (isinstance(page, ScopedAdmin) or user_of(request).is_superuser):
            return model._default_manager.none()
        return page.get_queryset(request)

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> "ModelChoiceField[Any] | None":
        role = self.add_role or self.change_role or self.view_role
        kwargs.setdefault("queryset", self.choices_of(db_field.related_model, request, role))
        if db_field.related_model is Tenant:
            only = kwargs["queryset"][:2]
            kwargs.setdefault("initial", only[0] if len(only) == 1 else None)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Only the filters on offer. Django's own rule lets any column be probed, digests and link tokens included."""
        if lookup in self.linked_lookups:
            return True
        return any(lookup in self._lookups(item) for item in self.get_list_filter(request))

    @staticmethod
    def _lookups(item: Any) -> frozenset[str]:
        name = item[0] if isinstance(item, tuple | list) else getattr(item, "parameter_name", item)
        return frozenset(f"{name}{suffix}" for suffix in (*LOOKUPS, *SPLIT_DATETIMES))

    def object_context(self, request: HttpRequest, obj: Model) -> dict[str, Any]:
        """What a page of our own about an object needs so that it has the object's buttons and history."""
        allowed = self.get_actions_detail(request, str(obj.pk))
        buttons = self._get_actions_navigation(self.actions_detail, allowed, str(obj.pk))  # type: ignore[attr-defined]
        return {"original": obj, "object_id": str(obj.pk), "change": True, "actions_detail": buttons}

    # Answers --------------------------------------------------------------------------------------------------------
    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """A NUL in the address, which PostgreSQL takes nowhere, is as bad a filter as any that Django refuses."""
        if any("\0" in value for values in request.GET.lists() for value in values[1]):
            return redirect(f"{request.path}?{ERROR_FLAG}=1")
        return super().changelist_view(request, extra_context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """What a service refuses becomes a message on the same page."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except ApplicationError as error:
            self.message_user(request, error.message, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def confirm(
        self,
        request: HttpRequest,
        obj: Model,
        *,
        title: str,
        sentences: list[str],
        button: str,
        form: Form | None = None,
    ) -> HttpResponse:
        """The page that asks before something that cannot be undone; its button posts to the same address.

        `form`: with what was refused of it, and what may be consented to.
        """
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": obj,
            "title": title,
            "sentences": sentences,
            "button": button,
            "form": form,
            "back": self.url_of(obj),
        }
        refused = form is not None and bool(form.errors)
        return TemplateResponse(request, "admin/confirm.html", context, status=400 if refused else 200)

    def carry_out(self, request: HttpRequest, obj: Model, write: Callable[[], str]) -> HttpResponse:
        """Calls a service (`write` returns what to say) and goes back to the object's page."""
        try:
            self.message_user(request, write(), messages.SUCCESS)
        except ApplicationError as error:
            self.message_user(request, error.message, messages.ERROR)
        return redirect(self.url_of(obj))

    def url_of(self, obj: Model) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[obj.pk])

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """The audit log of this object, instead of Django's own log."""
        obj = self.own_object(request, object_id, self.view_role)
        query = f"?object_type={self.opts.model_name}&object_id={obj.pk}"
        return redirect(reverse("admin:tenants_auditevent_changelist") + query)

    def get_inline_instances(self, request: HttpRequest, obj: Any = None) -> "list[InlineModelAdmin[Any, Any]]":
        return super().get_inline_instances(request, obj) if obj is not None else []

    # The audit log of pages without services ------------------------------------------------------------------------
    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        self._record(request, obj, "added", message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        self._record(request, obj, "changed", message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        for obj in queryset:
            self._record(request, obj, "deleted", str(obj))

    def _record(self, request: HttpRequest, obj: Model, verb: str, message: Any) -> None:
        if self.tenant_field is None:
            details = {"object": str(obj)[:200], "what": message}
            audit.record(
                actor=console_actor(request), action=f"{self.opts.model_name}.{verb}", subject=obj, details=details
            )
