"""What Apple's services and devices call about apps, by the short way of `config.middleware.DeviceEndpoints`."""

from django.urls import path

from apps_domain.views.downloads import app_file, app_manifest
from apps_domain.views.notifications import vpp_notification

urlpatterns = [
    path("mdm/apps/files/<str:token>", app_file),
    path("mdm/apps/manifest/<str:token>", app_manifest),
    path("mdm/vpp/notifications/<uuid:location_id>", vpp_notification),
]
