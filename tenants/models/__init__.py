from tenants.models.apns import ApnsCertificate
from tenants.models.audit import AuditEvent
from tenants.models.authority import DeviceAuthority
from tenants.models.contacts import TenantContact
from tenants.models.dep import DepToken
from tenants.models.expiry import ExpiryWarning
from tenants.models.tenant import ApiToken, Membership, Role, Tenant
from tenants.models.vpp import VppToken

__all__ = [
    "ApiToken",
    "ApnsCertificate",
    "AuditEvent",
    "DepToken",
    "DeviceAuthority",
    "ExpiryWarning",
    "Membership",
    "Role",
    "Tenant",
    "TenantContact",
    "VppToken",
]
