from tenants.models.apns import ApnsCertificate
from tenants.models.audit import AuditEvent
from tenants.models.authority import DeviceAuthority
from tenants.models.tenant import ApiToken, Membership, Role, Tenant

__all__ = ["ApiToken", "ApnsCertificate", "AuditEvent", "DeviceAuthority", "Membership", "Role", "Tenant"]
