"""Every HTTP face but the devices' (`config.device_urls`). The one place that names the apps, by dotted string."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from config import health, metrics
from config.api import documentation
from config.api.exception_handler import unknown_route

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("sys/health", health.health, name="health"),
    path("sys/ready", health.ready, name="ready"),
    path("metrics", metrics.metrics, name="metrics"),
    path("api/schema/", documentation.schema, name="schema"),
    path("api/docs/", documentation.swagger_ui, name="swagger-ui"),
    path("api/docs/redoc/", documentation.redoc, name="redoc"),
    path("", include("tenants.urls")),
    path("", include("devices.urls")),
    path("", include("apps_domain.urls")),
    path("", include("commands.urls")),
    path("", include("onboarding.urls")),
    re_path(r"^api(?:/|$)", unknown_route),
]

handler500 = "config.health.server_error"
handler404 = "config.health.not_found"
handler400 = "config.health.bad_request"
