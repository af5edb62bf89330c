"""How licences look in the console's lists."""

from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps_domain.admin.display import app_title
from apps_domain.models import StoreApp
from apps_domain.models.licences import UNLIMITED


def named(rows: QuerySet[Any]) -> Any:
    """With what the store says about the app."""
    app = StoreApp.objects.filter(tenant=OuterRef("tenant"), apple_app_id=OuterRef("adam_id"))
    return rows.annotate(
        app_name=Subquery(app.values("name")[:1]),
        app_icon=Subquery(app.values("icon_url")[:1]),
        store_app=Subquery(app.values("pk")[:1]),
    )


def title_of(row: Any) -> SafeString:
    return app_title(row.app_name or f"Apple's app {row.adam_id}", row.adam_id, row.app_icon or "")


def list_of(model: str, **filters: Any) -> str:
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    return f"{reverse(f'admin:apps_domain_{model}_changelist')}?{query}"


def stock(total: int, assigned: int, available: int) -> SafeString:
    """A bar of how many are in use, and the same in words."""
    if total >= UNLIMITED:
        return format_html('<span class="mu-progress-words">{} in use, no limit</span>', f"{assigned:,}")
    share = f"{100 * min(assigned, total) / total:.1f}" if total else "0"
    bar = "mu-bar-failed" if total and not available else "mu-bar-done"
    return format_html(
        '<span class="mu-progress"><i class="{}" style="width: {}%"></i></span>'
        '<span class="mu-progress-words">{} of {} in use, {} free</span>',
        bar, share, f"{assigned:,}", f"{total:,}", f"{available:,}",
    )  # fmt: skip
