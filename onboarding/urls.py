"""How devices get in: what callers are told and ask for."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
