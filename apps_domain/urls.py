"""Store look-ups, licences, the tenant's own apps, and what is on each device."""

from django.urls import path

from apps_domain.views.store import ItunesAppViewSet

urlpatterns = [
    path("api/v2/itunesapps", ItunesAppViewSet.as_view({"get": "list"})),
]
