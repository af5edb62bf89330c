"""What Apple's services and devices call about apps, by the short way of `config.middleware.DeviceEndpoints`."""

from django.urls import path

from apps_domain.views.notifications import vpp_notification

urlpatterns = [path("mdm/vpp/notifications/<uuid:location_id>", vpp_notification)]
