"""Credentials. `/api/tenant/v0/apnscertificates/{id}/` is in `commands.urls`: enrolled devices depend on them."""

from django.urls import path

from tenants.views.apns_certificates import ApnsCertificateViewSet
from tenants.views.dep_tokens import DepTokenViewSet
from tenants.views.vpp_tokens import VppTokenViewSet

urlpatterns = [
    path("api/tenant/v0/apnscertificates/", ApnsCertificateViewSet.as_view({"get": "list", "post": "create"})),
    path("api/tenant/v0/deptokens/", DepTokenViewSet.as_view({"get": "list", "post": "create"})),
    path("api/tenant/v0/deptokens/<str:id>/", DepTokenViewSet.as_view({"get": "retrieve", "put": "update"})),
    path("api/tenant/v0/vpptokens/", VppTokenViewSet.as_view({"get": "list", "post": "create"})),
    path("api/tenant/v0/vpptokens/<str:id>", VppTokenViewSet.as_view({"delete": "destroy"})),
]
