"""How devices get in: what callers are told and ask for."""

from django.urls import path

from onboarding.views.dep_profiles import DepProfileViewSet
from onboarding.views.dep_syncs import DepSyncViewSet
from onboarding.views.seamless import SeamlessUploadViewSet, SeamlessViewSet

urlpatterns = [
    path("api/onboarding/v0/depsyncs/", DepSyncViewSet.as_view({"get": "list", "post": "create"})),
    path("api/onboarding/v0/depsyncs/<str:id>/", DepSyncViewSet.as_view({"get": "retrieve"})),
    path("api/tenant/v0/depprofiles/", DepProfileViewSet.as_view({"get": "list", "post": "create"})),
    path("api/v2/seamless", SeamlessViewSet.as_view({"get": "list", "post": "create"})),
    path("api/v2/seamless/upload", SeamlessUploadViewSet.as_view({"post": "create"})),
]
