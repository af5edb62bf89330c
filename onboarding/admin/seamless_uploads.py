"""Uploads of devices that are expected: how far they are, and what of them failed."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString

from commands.admin.send_targets import counted
from onboarding.admin.dep_display import bar
from onboarding.admin.seamless_display import counts_of, of_counts
from onboarding.admin.seamless_upload_form import SAMPLE_URL, sample, upload_page
from onboarding.admin.seamless_upload_page import one_upload, with_counts
from onboarding.models import SeamlessRow, SeamlessUpload
from onboarding.services.seamless.failures import failed_rows_csv, retry_rows
from tenants.actors import console_actor
from tenants.admin import display
from tenants.admin.base import ScopedAdmin, list_button, page_action
from tenants.admin.filters import ChoicesFilter, DateRangeFilter, ScopedFilter
from tenants.models import Role

UPLOAD_URL = "onboarding_seamlessupload_upload"


@admin.register(SeamlessUpload)
class SeamlessUploadAdmin(ScopedAdmin):
    list_display = ("title", "tenant", "source", "progress", "by", "since")
    list_display_links = ("title",)
    list_select_related = ("tenant",)
    list_filter = (("tenant", ScopedFilter), ("source", ChoicesFilter), ("created_at", DateRangeFilter))
    search_fields = ("file_name", "created_by")
    ordering = ("-created_at", "id")
    fields = readonly_fields = ()
    actions_list = ("upload_file",)
    actions_detail = ("retry", "download_failed")
    change_form_template = "admin/onboarding/seamlessupload/page.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Only the list counts rows: what is open and what failed, which an index holds side by side."""

        class Counted(super().get_changelist(request, **kwargs)):  # type: ignore[misc]
            def get_queryset(self, *args: Any, **more: Any) -> QuerySet[SeamlessUpload]:
                return with_counts(super().get_queryset(*args, **more))

        return Counted

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("upload/", wrap(self.upload_view), name=UPLOAD_URL),
            path("empty.csv", wrap(self.sample_view), name=SAMPLE_URL),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        upload = self.get_object(request, object_id)
        shown = one_upload(upload) if upload is not None else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})

    # What is done ---------------------------------------------------------------------------------------------------
    @list_button("Upload a file", icon="upload")
    def upload_file(self, request: HttpRequest) -> HttpResponse:
        return redirect(f"admin:{UPLOAD_URL}")

    def upload_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_operate_permission(request):
            raise Http404
        return upload_page(self, request)

    def sample_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_operate_permission(request):
            raise Http404
        return sample()

    @page_action("Try failed rows again", role=Role.OPERATOR, icon="restart_alt")
    def retry(self, request: HttpRequest, object_id: str) -> HttpResponse:
        upload: SeamlessUpload = self.own_object(request, object_id, Role.OPERATOR)
        if request.method == "POST":
            return self.carry_out(request, upload, lambda: self._retry(request, upload))
        sentences = [
            "Of use once there is the blueprint or group that a row names, or its device is not enrolled any more.",
            "Rows that cannot be read, or are there twice, stay as they are: download them, mend them, and upload "
            "them anew.",
        ]
        title = f"Try the failed rows of {upload} again?"
        return self.confirm(request, upload, title=title, sentences=sentences, button="Try again")

    def _retry(self, request: HttpRequest, upload: SeamlessUpload) -> str:
        number = retry_rows(upload=upload, actor=console_actor(request))
        if not number:
            return "No row was tried again: those that failed must be mended in the file first."
        return f"{counted(number, 'row')} {'is' if number == 1 else 'are'} tried again as soon as a worker is free."

    @page_action("Failed rows as CSV", role=Role.VIEWER, icon="download")
    def download_failed(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        upload: SeamlessUpload = self.own_object(request, object_id, Role.VIEWER)
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        name = f"failed-{upload.created_at:%Y-%m-%d}-{str(upload.pk)[:8]}.csv"
        told = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return StreamingHttpResponse(failed_rows_csv(upload), content_type="text/csv; charset=utf-8", headers=told)

    def hidden_actions(self, obj: SeamlessUpload) -> frozenset[str]:
        failed = SeamlessRow.objects.filter(upload=obj, status=SeamlessRow.Status.FAILED)
        return frozenset() if failed.exists() else frozenset({"retry", "download_failed"})

    # Columns --------------------------------------------------------------------------------------------------------
    @admin.display(description="upload", ordering="file_name")
    def title(self, obj: SeamlessUpload) -> SafeString:
        return display.two_lines(str(obj), f"{obj.row_count:,} row{'' if obj.row_count == 1 else 's'}")

    @admin.display(description="rows")
    def progress(self, obj: Any) -> SafeString:
        counts = counts_of(obj.row_count, waiting=obj.waiting_total, failed=obj.failed_total)
        words = ", ".join(f"{count:,} {words}" for words, _, count in of_counts(counts) if count)
        return format_html('{}<span class="mu-progress-words">{}</span>', bar(of_counts(counts)), words or "none")

    @admin.display(description="by", ordering="created_by")
    def by(self, obj: SeamlessUpload) -> str:
        return obj.created_by or display.EMPTY

    @admin.display(description="uploaded", ordering="created_at")
    def since(self, obj: SeamlessUpload) -> SafeString:
        return display.moment(obj.created_at)
