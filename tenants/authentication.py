"""Who calls the API, and for which tenant: bearer token and the gateway's headers, checked in one place."""

import uuid
from dataclasses import dataclass

import structlog
from django.conf import settings
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from config.api.client import client_address
from config.api.errors import Unauthorized
from tenants.actors import Actor, Kind
from tenants.models import ApiToken, Role, Tenant
from tenants.services.tokens import find_api_token, note_use

TENANT_HEADER = "X-Tenant-Id"
CALLER_HEADER = "X-Caller-Id"
PRIVATE_URL_HEADER = "X-SCAPI-Private-URL"
LONGEST_HEADER = 2000


@dataclass(frozen=True)
class Caller:
    """An authenticated request: `request.user` and `request.auth`."""

    token: ApiToken
    tenant: Tenant
    caller_id: str
    source: str
    is_authenticated: bool = True

    @property
    def role(self) -> Role:
        return Role(self.token.role)

    @property
    def time_zone(self) -> str:
        """In which the caller's schedules are meant."""
        return self.token.time_zone or self.tenant.time_zone

    @property
    def throttle_key(self) -> str:
        return f"{self.token.pk}:{self.caller_id}"

    @property
    def actor(self) -> Actor:
        return Actor(Kind.API, self.caller_id, self.source, self.token.prefix)


def caller_of(request: Request) -> Caller:
    """Who makes this authenticated request."""
    caller = request.auth
    assert isinstance(caller, Caller)
    return caller


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <API token>` plus the headers an operation documents; 401 names what is wrong."""

    def authenticate(self, request: Request) -> tuple[Caller, Caller]:
        token = _token(request)
        view = request.parser_context["view"]
        tenant = _tenant(request, token)
        caller_id = _header(request, CALLER_HEADER)
        if view.requires_private_url():
            _header(request, PRIVATE_URL_HEADER)
        note_use(token)
        structlog.contextvars.bind_contextvars(tenant=str(tenant.pk), caller=caller_id or token.prefix)
        caller = Caller(token, tenant, (caller_id or token.prefix)[:150], client_address(request))
        return caller, caller

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def _token(request: Request) -> ApiToken:
    header = request.headers.get("Authorization", "")
    scheme, _, text = header.partition(" ")
    if not header:
        raise Unauthorized("The header Authorization is missing; send `Authorization: Bearer <API token>`.")
    if scheme.lower() != "bearer" or not text.strip():
        raise Unauthorized("The header Authorization is malformed; send `Authorization: Bearer <API token>`.")
    token = find_api_token(text.strip())
    if token is None:
        raise Unauthorized("The API token is unknown, expired or revoked.")
    return token


def _header(request: Request, name: str) -> str:
    value = _text(request.headers.get(name, "")).strip()
    if not value and settings.GATEWAY_HEADERS_REQUIRED:
        raise Unauthorized(f"The header {name} is missing.")
    if not value.isprintable() or len(value) > LONGEST_HEADER:
        raise Unauthorized(f"The header {name} is malformed.")
    return value


def _text(value: str) -> str:
    """WSGI hands headers over as Latin-1; what was sent as UTF-8 is read as such."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def _tenant(request: Request, token: ApiToken) -> Tenant:
    value = _header(request, TENANT_HEADER)
    if not value:
        if token.tenant is None:
            raise Unauthorized(f"The header {TENANT_HEADER} is missing, and a gateway token belongs to no tenant.")
        return token.tenant
    try:
        tenant_id = uuid.UUID(value)
    except ValueError:
        raise Unauthorized(f"The header {TENANT_HEADER} is not a UUID.") from None
    if token.tenant is not None and token.tenant_id == tenant_id:
        return token.tenant
    tenant = Tenant.objects.filter(pk=tenant_id).first() if token.is_gateway else None
    if tenant is None:
        raise Unauthorized(f"The header {TENANT_HEADER} names a tenant that this token may not act for.")
    return tenant
