"""The console's side bar: which pages there are for whom. Names models only by their labels."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.module_loading import import_string

from config.settings.console import BADGES, SECTIONS


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sections with the pages that this user may open; empty sections are left out."""
    overview = {"title": "Overview", "icon": "space_dashboard", "link": reverse("admin:index")}
    sections = [{"title": title, "separator": True, "items": _items(request, pages)} for title, pages in SECTIONS]
    return [{"items": [overview]}, *(section for section in sections if section["items"])]


def _items(request: HttpRequest, pages: tuple[tuple[str, str, str], ...]) -> list[dict[str, Any]]:
    return [
        {
            "title": title,
            "icon": icon,
            "link": reverse(f"admin:{label.lower().replace('.', '_')}_changelist"),
            **(import_string(BADGES[label])(request) if label in BADGES else {}),
        }
        for title, icon, label in pages
        if _may_open(request, label)
    ]


def _may_open(request: HttpRequest, label: str) -> bool:
    page = admin.site._registry.get(apps.get_model(label))
    return page is not None and page.has_view_permission(request)
