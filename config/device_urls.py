"""What devices call, by the short way of `config.middleware.DeviceEndpoints`."""

from django.urls import include, path

urlpatterns = [path("", include("onboarding.device_urls")), path("", include("apps_domain.device_urls"))]
