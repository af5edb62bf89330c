"""Roles on the API: viewers read, operators write, admins also manage credentials."""

from typing import TYPE_CHECKING

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from config.api.errors import Forbidden
from tenants.models import Role

if TYPE_CHECKING:  # DRF's views import this module through the settings
    from rest_framework.views import APIView


class RolePermission(BasePermission):
    """Reading takes a viewer; writing takes the view's `write_role` (operator unless it says otherwise)."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if request.auth is None:
            return False
        role: Role = getattr(request.auth, "role", Role.VIEWER)
        needed: Role = Role.VIEWER if request.method in SAFE_METHODS else getattr(view, "write_role", Role.OPERATOR)
        if not role.allows(needed):
            raise Forbidden(f"This operation needs the role {needed.value}; the token's is {role.value}.")
        return True
