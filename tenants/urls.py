from django.urls import path

from tenants.views.dep_tokens import DepTokenViewSet
from tenants.views.vpp_tokens import VppTokenViewSet

urlpatterns = [
    path("api/tenant/v0/deptokens/", DepTokenViewSet.as_view({"get": "list", "post": "create"})),
    path("api/tenant/v0/deptokens/<str:id>/", DepTokenViewSet.as_view({"get": "retrieve", "put": "update"})),
    path("api/tenant/v0/vpptokens/", VppTokenViewSet.as_view({"get": "list", "post": "create"})),
    path("api/tenant/v0/vpptokens/<str:id>", VppTokenViewSet.as_view({"delete": "destroy"})),
]
