"""Apps of Apple's store that tenants looked up, have licences for or have installed. Apple's words: only to read."""

from typing import Any

from django.contrib import admin
from django.db.models import BigIntegerField, Count, IntegerField, OuterRef, QuerySet, Subquery, Sum
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps_domain.admin.display import app_title, size
from apps_domain.models import AppType, DeviceApp, StoreApp, VppLicence
from apps_domain.models.licences import UNLIMITED
from apps_domain.services.store import want_refresh
from tenants.admin import display
from tenants.admin.base import ScopedAdmin, page_action
from tenants.admin.filters import ScopedFilter, SimpleListFilter
from tenants.models import Role

VERSIONS = 20  # on one page


class InStoreFilter(SimpleListFilter):
    title, parameter_name = "in the store", "in_store"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Listed"), ("no", "No longer listed"), ("unknown", "Not asked yet")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        meant: dict[str, dict[str, Any]] = {
            "yes": {"missing_since": None, "refreshed_at__isnull": False},
            "no": {"missing_since__isnull": False},
            "unknown": {"refreshed_at": None},
        }
        return queryset.filter(**meant.get(str(self.value()), {}))


@admin.register(StoreApp)
class StoreAppAdmin(ScopedAdmin):
    list_display = ("app", "tenant", "version", "licences", "installs", "condition", "asked")
    list_select_related = ("tenant", "current_version")
    list_filter = (("tenant", ScopedFilter), InStoreFilter)
    search_fields = ("name", "bundle_id", "apple_app_id", "developer")
    fields = readonly_fields = (
        "app", "tenant", "condition", "apple_id", "our_id", "bundle_id", "version", "earlier", "licences", "installs",
        "families", "categories", "minimum_os", "file_size", "price_and_country", "changed_in_store", "page",
        "about", "asked",
    )  # fmt: skip
    actions_detail = ("ask_again",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[StoreApp]:
        licences = VppLicence.objects.filter(tenant=OuterRef("tenant"), adam_id=OuterRef("apple_app_id")).order_by()
        counts = licences.values("adam_id").annotate(total=Sum("total_count"), free=Sum("available_count"))
        installs = DeviceApp.objects.filter(tenant=OuterRef("tenant"), app_type=AppType.VPP, app_id=OuterRef("pk"))
        devices = installs.order_by().values("app_id").annotate(number=Count("pk")).values("number")
        rows: QuerySet[StoreApp] = super().get_queryset(request)
        return rows.annotate(
            licences_bought=Subquery(counts.values("total"), output_field=BigIntegerField()),
            licences_free=Subquery(counts.values("free"), output_field=BigIntegerField()),
            on_devices=Subquery(devices, output_field=IntegerField()),
        )

    @page_action("Ask Apple again", role=Role.OPERATOR, icon="refresh")
    def ask_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        app: StoreApp = self.own_object(request, object_id, Role.OPERATOR)
        if request.method != "POST":
            sentences = ["What is shown here is read anew in Apple's store."]
            return self.confirm(
                request, app, title=f"Ask Apple about {app} again?", sentences=sentences, button="Ask Apple again"
            )

        def write() -> str:
            want_refresh(app=app)
            return "Apple's store is asked again within a minute, if it answers."

        return self.carry_out(request, app, write)

    @admin.display(description="app", ordering="name")
    def app(self, obj: StoreApp) -> SafeString:
        return app_title(obj.name or f"Apple's app {obj.apple_app_id}", obj.developer, obj.icon_url)

    @admin.display(description="in the store")
    def condition(self, obj: StoreApp) -> SafeString:
        if obj.missing_since is not None:
            told = f"since {obj.missing_since:%Y-%m-%d}: what is shown was true before, if anything was known"
            return display.label("not listed", "warning", told)
        if obj.refreshed_at is None:
            return display.label(
                "not asked yet", "info", "Apple is asked when it is looked up, or once it is licensed or installed"
            )
        return display.label("listed", "success")

    @admin.display(description="Apple's id")
    def apple_id(self, obj: StoreApp) -> SafeString:
        return display.copyable(obj.apple_app_id)

    @admin.display(description="id in the API")
    def our_id(self, obj: StoreApp) -> SafeString:
        return display.copyable(str(obj.pk))

    @admin.display(description="version")
    def version(self, obj: StoreApp) -> str:
        return str(obj.current_version or display.EMPTY)

    @admin.display(description="versions seen")
    def earlier(self, obj: StoreApp) -> SafeString:
        rows = obj.versions.all()[:VERSIONS]
        return display.lines([f"{row.version} since {row.seen_at:%Y-%m-%d}" for row in rows])

    @admin.display(description="licences")
    def licences(self, obj: Any) -> str:
        if obj.licences_bought is None:
            return display.EMPTY
        if obj.licences_bought >= UNLIMITED:
            return "no limit"
        return f"{obj.licences_free:,} of {obj.licences_bought:,} free"

    @admin.display(description="on devices")
    def installs(self, obj: Any) -> str:
        return f"{obj.on_devices:,}" if obj.on_devices else display.EMPTY

    @admin.display(description="devices it is for")
    def families(self, obj: StoreApp) -> str:
        return ", ".join(obj.device_families) or display.EMPTY

    @admin.display(description="categories")
    def categories(self, obj: StoreApp) -> str:
        return ", ".join(obj.genres) or display.EMPTY

    @admin.display(description="minimum OS")
    def minimum_os(self, obj: StoreApp) -> str:
        return obj.minimum_os_version or display.EMPTY

    @admin.display(description="size")
    def file_size(self, obj: StoreApp) -> str:
        return size(obj.size)

    @admin.display(description="price")
    def price_and_country(self, obj: StoreApp) -> str:
        if obj.price is None:
            return display.EMPTY
        told = "free" if obj.price == 0 else f"{obj.price:,.2f}"
        return f"{told}, in the store of {obj.country.upper()}"

    @admin.display(description="changed in the store")
    def changed_in_store(self, obj: StoreApp) -> SafeString:
        return display.exact(obj.updated_in_store_at)

    @admin.display(description="store page")
    def page(self, obj: StoreApp) -> SafeString:
        if not obj.itunes_url:
            return display.lines([])
        link = '<a class="mu-link" href="{}" target="_blank" rel="noopener noreferrer">{}</a>'
        return format_html(link, obj.itunes_url, obj.itunes_url)

    @admin.display(description="description")
    def about(self, obj: StoreApp) -> SafeString:
        return format_html('<span class="mu-text">{}</span>', obj.description or display.EMPTY)

    @admin.display(description="asked Apple", ordering="refreshed_at")
    def asked(self, obj: StoreApp) -> SafeString:
        return display.moment(obj.refreshed_at, never="never")
