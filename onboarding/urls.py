"""How devices get in: what callers are told and ask for."""

from django.urls import path

from onboarding.views.dep_profiles import DepProfileViewSet

urlpatterns = [
    path("api/tenant/v0/depprofiles/", DepProfileViewSet.as_view({"get": "list", "post": "create"})),
]
