"""The operator console's look (django-unfold). Callables and dotted names are resolved when a page is drawn."""

from django.http import HttpRequest
from django.templatetags.static import static


def logo(request: HttpRequest) -> str:
    return static("console/logo.svg")


def style(request: HttpRequest) -> str:
    return static("console/console.css")


def script(request: HttpRequest) -> str:
    return static("console/console.js")


UNFOLD = {
    "SITE_TITLE": "Muster",
    "SITE_HEADER": "Muster",
    "SITE_SUBHEADER": "Device management",
    "SITE_URL": None,
    "SITE_ICON": logo,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "sizes": "any", "href": logo}],
    "STYLES": [style],
    "SCRIPTS": [script],
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_HISTORY": True,  # leads to the audit log
    "SHOW_BACK_BUTTON": False,
    "BORDER_RADIUS": "6px",
    "DASHBOARD_CALLBACK": "commands.admin.dashboard.dashboard",
    "SIDEBAR": {"show_search": False, "navigation": "config.admin.navigation"},
    "COLORS": {
        "primary": {
            "50": "oklch(97.7% .013 236.62)",
            "100": "oklch(95.1% .026 236.824)",
            "200": "oklch(90.1% .058 230.902)",
            "300": "oklch(82.8% .111 230.318)",
            "400": "oklch(74.6% .16 232.661)",
            "500": "oklch(62% .15 240)",
            "600": "oklch(52% .14 245)",
            "700": "oklch(46% .125 247)",
            "800": "oklch(40% .105 248)",
            "900": "oklch(34% .085 250)",
            "950": "oklch(26% .065 252)",
        },
    },
}

# The side bar: headings, and under each (title, icon, model). Pages that a user may not open are left out.
SECTIONS = (
    (
        "Fleet",
        (
            ("Devices", "devices", "devices.Device"),
            ("Groups", "account_tree", "devices.DeviceGroup"),
            ("Blueprints", "architecture", "devices.Blueprint"),
            ("Drift", "rule", "devices.DriftReport"),
        ),
    ),
    (
        "Onboarding",
        (
            ("Enrolment links", "qr_code_2", "onboarding.EnrolmentProfile"),
            ("DEP servers", "dns", "onboarding.DepServer"),
            ("DEP profiles", "tune", "onboarding.DepProfile"),
            ("DEP devices", "inventory_2", "onboarding.DepDevice"),
            ("DEP syncs", "cloud_sync", "onboarding.DepSync"),
            ("Seamless uploads", "upload_file", "onboarding.SeamlessUpload"),
            ("Registrations", "schedule_send", "onboarding.SeamlessRegistration"),
            ("Identities", "badge", "onboarding.IdentityCertificate"),
        ),
    ),
    (
        "Apps",
        (
            ("Store apps", "storefront", "apps_domain.StoreApp"),
            ("Our own apps", "apps", "apps_domain.TenantApp"),
            ("Published apps", "publish", "apps_domain.VendorApp"),
            ("Licences", "confirmation_number", "apps_domain.VppLicence"),
            ("Assignments", "assignment_ind", "apps_domain.VppAssignment"),
            ("Locations", "location_city", "apps_domain.VppLocation"),
        ),
    ),
    (
        "Commands",
        (
            ("Requests", "send", "commands.CommandRequest"),
            ("Statuses", "checklist", "commands.CommandStatus"),
            ("Converges", "sync", "commands.Converge"),
        ),
    ),
    (
        "Organisation",
        (
            ("Tenants", "domain", "tenants.Tenant"),
            ("Memberships", "group", "tenants.Membership"),
            ("Contacts", "contact_mail", "tenants.TenantContact"),
            ("Expiry warnings", "event_busy", "tenants.ExpiryWarning"),
            ("API tokens", "key", "tenants.ApiToken"),
            ("APNs certificates", "verified_user", "tenants.ApnsCertificate"),
            ("DEP tokens", "devices_other", "tenants.DepToken"),
            ("VPP tokens", "shopping_bag", "tenants.VppToken"),
            ("Audit log", "history", "tenants.AuditEvent"),
        ),
    ),
    (
        "Installation",
        (
            ("Users", "person", "auth.User"),
            ("Groups of users", "groups", "auth.Group"),
            ("Periodic tasks", "schedule", "django_celery_beat.PeriodicTask"),
        ),
    ),
)

# Counts beside entries of the side bar: by model, the function that makes one for a request (`badge`, `badge_variant`).
BADGES = {
    "onboarding.DepServer": "onboarding.admin.notices.stopped_servers",
    "tenants.ApnsCertificate": "tenants.admin.badges.apns_certificates",
    "tenants.DepToken": "tenants.admin.badges.dep_tokens",
    "tenants.VppToken": "tenants.admin.badges.vpp_tokens",
}

# What later rooms put on pages of earlier ones.
DASHBOARD_NOTICES = ("onboarding.admin.notices.notices",)  # from the tenants seen: kind, text and link of each
DEVICE_CARDS = ("onboarding.admin.device_cards.cards",)  # from the device: title and facts of each
