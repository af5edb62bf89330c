"""The operations served so far as the API's page documents them: facts to hold the OpenAPI document against."""

from dataclasses import dataclass, field
from typing import Any

from tests.api.seed_commands import COMMANDS

UUID = {"type": "string", "format": "uuid"}
TEXT = {"type": "string"}
NUMBER = {"type": "number"}
INTEGER = {"type": "integer"}
FLAG = {"type": "boolean"}
BINARY = {"type": "string", "format": "binary"}

JSON, FORM = "application/json", "multipart/form-data"

PLATFORM = {"type": "string", "enum": ["ANDROID", "APPLE"]}
SCHEDULE = {"type": "string", "enum": ["IMMEDIATE", "WINDOW", "RECURRING"]}
STATE = {
    "type": "string",
    "enum": [
        "Command Queued",
        "Command Initiated",
        "Command Acknowledged",
        "Command In Progress",
        "Command TimeOut",
        "Command Success",
        "Command Failure",
        "Command Scheduled",
        "Command Cancelled",
    ],
}
NUMBERED = {"limit": NUMBER, "offset": NUMBER}
COUNTED = {"limit": INTEGER, "offset": INTEGER}

DEVICE_FILTERS: dict[str, dict[str, Any]] = {
    "limit": INTEGER,
    "offset": INTEGER,
    "ordering": TEXT,
    "serial": TEXT,
    "udid": TEXT,
    "android_version": TEXT,
    "ios_version": TEXT,
    "ipados_version": TEXT,
    "state": TEXT,
    "battery_level_gte": TEXT,
    "battery_level_lte": TEXT,
    "is_gms": FLAG,
    "active_connection": TEXT,
    "group_multi": UUID,
    "group_multi_immediate": UUID,
    "assigned_blueprint_id": UUID,
    "current_blueprint_id": UUID,
    "current_blueprint_version_id": UUID,
    "current_blueprint_version_id_net": UUID,
    "platform": PLATFORM,
    "os": {"type": "string", "enum": ["iOS", "iPadOS", "Android"]},
    "device_source": TEXT,
    "search": TEXT,
}
COMMAND_BODY: dict[str, dict[str, Any]] = {
    "command_type": {"type": "string", "enum": ["DEVICE", "GROUP", "DYNAMIC"]},
    "devices": {"type": "array", "items": UUID, "maxItems": 1000},
    "groups": {"type": "array", "items": UUID, "maxItems": 500},
    "device_type": {"type": "string", "enum": ["active", "inactive", "all"]},
    "command": {"type": "string", "enum": COMMANDS},
    "command_args": {"type": "object"},
    "schedule": SCHEDULE,
    "schedule_args": {"type": "object"},
}


@dataclass(frozen=True)
class Operation:
    """`tenant` is the type of X-Tenant-Id; `private_url` whether X-SCAPI-Private-URL is required."""

    method: str
    path: str
    summary: str
    tag: str
    statuses: tuple[int, ...]
    tenant: dict[str, str]
    private_url: bool = True
    path_id: dict[str, str] | None = None  # `{id}`
    path_ids: dict[str, dict[str, str]] = field(default_factory=dict)  # by name, where it is not that
    query: dict[str, dict[str, Any]] = field(default_factory=dict)
    required_query: frozenset[str] = frozenset()
    body: dict[str, dict[str, Any]] | None = None
    body_type: str = JSON
    body_required: bool = True
    role: str = "operator"  # that writing takes

    @property
    def headers(self) -> tuple[str, ...]:
        return ("X-Tenant-Id", "X-Caller-Id", *(("X-SCAPI-Private-URL",) if self.private_url else ()))

    @property
    def ids(self) -> dict[str, dict[str, str]]:
        return {"id": self.path_id} if self.path_id else self.path_ids

    @property
    def is_wrapped(self) -> bool:
        """Whether a success has `code` and `message` beside its content."""
        return not self.path.startswith("/api/v2/") or self.path.startswith(SEAMLESS)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


REQUESTS, STATUSES = "/api/commands/v0/commands/", "/api/commands/v0/status/"
DEVICES, HEARTBEAT, HEARTBEATS = "/api/device/v0/devices/", "/api/device/v0/heartbeat/", "/api/device/v2/heartbeat/"
APNS = "/api/tenant/v0/apnscertificates/"
ITUNES_APPS = "/api/v2/itunesapps"
APPS = "/api/v2/tenant-apps"
APP = APPS + "/{appId}"
APP_VERSIONS = APP + "/versions"
APP_VERSION = APP_VERSIONS + "/{versionId}"
LICENCES = "/api/apps/v0/vpp"
VENDOR_APPS = "/api/v2/tenant-esper-apps"
DEVICE_APPS, DEVICES_WITH_APP = "/api/v2/devices/{deviceId}/device-apps/", "/api/v2/device-apps"
DEP_SYNCS = "/api/onboarding/v0/depsyncs/"
CONVERGES = "/api/v2/converge"
CONVERGE = CONVERGES + "/{id}"
CONVERGE_COMMANDS = CONVERGE + "/commands"
SEAMLESS = "/api/v2/seamless"
DEP_TOKENS, VPP_TOKENS = "/api/tenant/v0/deptokens/", "/api/tenant/v0/vpptokens/"

OPERATIONS = [
    Operation(
        "GET",
        REQUESTS,
        "List command requests",
        "Command Request",
        (200, 401, 500),
        TEXT,
        query={
            "devices": TEXT,
            "groups": TEXT,
            "command": TEXT,
            "schedule": SCHEDULE,
            "exclude_internal_commands": {**FLAG, "default": False},
            **NUMBERED,
        },
    ),
    Operation(
        "POST",
        REQUESTS,
        "Create a command request",
        "Command Request",
        (201, 400, 401, 500),
        TEXT,
        body=COMMAND_BODY,
    ),
    Operation(
        "GET",
        REQUESTS + "{id}/",
        "Get a command request",
        "Command Request",
        (200, 401, 404, 500),
        TEXT,
        path_id=TEXT,
    ),
    Operation(
        "GET",
        REQUESTS + "{id}/stats/",
        "Get stats of a command request",
        "Command Request",
        (200, 401, 404, 500),
        TEXT,
        path_id=TEXT,
    ),
    Operation(
        "GET",
        STATUSES,
        "Get status list for command request",
        "Command Status",
        (200, 401, 500),
        TEXT,
        query={
            "request": TEXT,
            "device": TEXT,
            "state": STATE,
            "exclude_internal_commands": {**FLAG, "default": False},
            **NUMBERED,
        },
    ),
    Operation(
        "GET", STATUSES + "{id}/", "Get a command status", "Command Status", (200, 401, 404, 500), TEXT, path_id=TEXT
    ),
    Operation(
        "PUT",
        STATUSES + "{id}/",
        "Update command status",
        "Command Status",
        (200, 400, 401, 500),
        TEXT,
        path_id=TEXT,
        body={"state": {"type": "string", "enum": ["Command Cancelled"]}},
    ),
    Operation("GET", DEVICES, "Get all devices in the tenant", "Device", (200, 401, 500), UUID, query=DEVICE_FILTERS),
    Operation(
        "GET", DEVICES + "{id}/", "Get details of a Device", "Device", (200, 400, 401, 404, 500), UUID, path_id=UUID
    ),
    Operation(
        "DELETE",
        DEVICES + "{id}/",
        "Delete a Device. Only supports Apple devices.",
        "Device",
        (200, 400, 401, 404, 500),
        UUID,
        path_id=TEXT,
    ),
    Operation(
        "GET",
        DEVICES + "{id}/devicestate",
        "Get details of Current Device State",
        "Device",
        (200, 400, 401, 404, 500),
        UUID,
        path_id=UUID,
    ),
    Operation(
        "GET",
        HEARTBEAT + "{id}/",
        "Get last seen of a Device. Only supports Apple devices.",
        "Device Heartbeat",
        (200, 400, 401, 404, 500),
        UUID,
        private_url=False,
        path_id=UUID,
    ),
    Operation(
        "GET",
        HEARTBEATS,
        "Get list of heartbeat details for devices",
        "Device Heartbeat",
        (200, 400, 401, 500),
        UUID,
        private_url=False,
        query={
            "last_seen_gt": {"type": "string", "format": "date"},
            "last_seen_lt": {"type": "string", "format": "date"},
            "platform": PLATFORM,
            **COUNTED,
        },
        required_query=frozenset({"last_seen_gt", "last_seen_lt"}),
    ),
    Operation("GET", DEP_TOKENS, "Get all DEP tokens", "DEP Tokens", (200, 401, 500), TEXT, private_url=False),
    Operation(
        "POST",
        DEP_TOKENS,
        "Generate the public key file",
        "DEP Tokens",
        (200, 400, 401, 500),
        TEXT,
        private_url=False,
        body={},
        body_required=False,
        role="admin",
    ),
    Operation(
        "GET",
        DEP_TOKENS + "{id}/",
        "Get dep token by id",
        "DEP Tokens",
        (200, 401, 404, 500),
        TEXT,
        private_url=False,
        path_id=UUID,
    ),
    Operation(
        "PUT",
        DEP_TOKENS + "{id}/",
        "Upload dep token to a tenant",
        "DEP Tokens",
        (200, 400, 401, 404, 500),
        TEXT,
        private_url=False,
        path_id=UUID,
        body={"file": BINARY, "token_name": TEXT},
        body_type=FORM,
        role="admin",
    ),
    Operation(
        "GET",
        VPP_TOKENS,
        "Get all VPP tokens for the tenant",
        "VPP Token Management",
        (200, 401, 500),
        TEXT,
    ),
    Operation(
        "POST",
        VPP_TOKENS,
        "Store a VPP token",
        "VPP Token Management",
        (201, 400, 401, 500),
        TEXT,
        private_url=False,
        body={"filename": BINARY},
        body_type=FORM,
        body_required=False,
        role="admin",
    ),
    Operation(
        "DELETE",
        VPP_TOKENS + "{id}",
        "Delete VPP Token",
        "VPP Token Management",
        (204, 401, 404, 500),
        TEXT,
        private_url=False,
        path_id=INTEGER,
        role="admin",
    ),
    Operation(
        "GET",
        APNS,
        "Get all APNs certificate meta data for the Tenant",
        "APNs certificate",
        (200, 401, 500),
        TEXT,
        private_url=False,
    ),
    Operation(
        "POST",
        APNS,
        "Get the CSR file to upload to the apple identity console",
        "APNs certificate",
        (200, 400, 401, 500),
        TEXT,
        body={},
        role="admin",
    ),
    Operation(
        "GET",
        APNS + "{id}/",
        "Get APNs certificate meta information",
        "APNs certificate",
        (200, 401, 404, 500),
        TEXT,
        private_url=False,
        path_id=TEXT,
    ),
    Operation(
        "PUT",
        APNS + "{id}/",
        "Upload APNs certificate",
        "APNs certificate",
        (200, 400, 401, 404, 500),
        TEXT,
        path_id=TEXT,
        body={"file": BINARY, "apple_id": TEXT},
        body_type=FORM,
        role="admin",
    ),
    Operation(
        "DELETE",
        APNS + "{id}/",
        "Delete a APNs certificate",
        "APNs certificate",
        (204, 401, 404, 500),
        TEXT,
        private_url=False,
        path_id=TEXT,
        role="admin",
    ),
    Operation(
        "GET",
        ITUNES_APPS,
        "Get iOS App Info (v2)",
        "Itunes App Info",
        (200, 400, 401, 500),
        UUID,
        query={"app_id": UUID, "apple_app_id": TEXT},
    ),
    Operation(
        "POST",
        APPS,
        "Upload tenant app for a tenant",
        "Tenant Apps",
        (200, 400, 401, 500),
        UUID,
        private_url=False,
        body={"platform": {"type": "string", "enum": ["APPLE"]}, "file": BINARY},
        body_type=FORM,
    ),
    Operation(
        "GET",
        APPS,
        "Get tenant apps for a tenant",
        "Tenant Apps",
        (200, 400, 401, 500),
        UUID,
        query={
            "platform": {"type": "string", "enum": ["APPLE"]},
            "package_name": TEXT,
            "app_name": TEXT,
            **NUMBERED,
        },
    ),
    Operation(
        "GET",
        APP,
        "Get tenant app by ID",
        "Tenant Apps",
        (200, 400, 401, 404, 500),
        UUID,
        private_url=False,
        path_ids={"appId": UUID},
    ),
    Operation(
        "GET",
        APP_VERSIONS,
        "Get tenant app versions by app ID",
        "Tenant Apps",
        (200, 400, 401, 500),
        UUID,
        path_ids={"appId": UUID},
        query={"app_name": TEXT, **NUMBERED},
    ),
    Operation(
        "GET",
        APP_VERSION,
        "Get tenant app version by ID",
        "Tenant Apps",
        (200, 400, 401, 404, 500),
        UUID,
        private_url=False,
        path_ids={"appId": UUID, "versionId": UUID},
    ),
    Operation(
        "PUT",
        APP_VERSION,
        "Update tenant app version by ID",
        "Tenant Apps",
        (200, 400, 401, 404, 500),
        UUID,
        private_url=False,
        path_ids={"appId": TEXT, "versionId": UUID},
        body={"description": TEXT},
    ),
    Operation(
        "DELETE",
        APP_VERSION,
        "Delete tenant app version by ID",
        "Tenant Apps",
        (200, 400, 401, 404, 500),
        UUID,
        private_url=False,
        path_ids={"appId": UUID, "versionId": UUID},
    ),
    Operation("GET", LICENCES, "Get VPP License List", "VPP License Management", (200, 401, 500), UUID),
    Operation(
        "GET",
        LICENCES + "/{appId}",
        "Get VPP License Info about an App",
        "VPP License Management",
        (200, 401, 500),
        UUID,
        path_ids={"appId": INTEGER},
    ),
    Operation(
        "GET",
        VENDOR_APPS,
        "Get esper apps for a tenant",
        "Tenant Esper Apps",
        (200, 400, 401, 500),
        UUID,
        query={"package_name": TEXT, **NUMBERED},
    ),
    Operation(
        "GET",
        DEVICE_APPS,
        "Get all apps for a device in the tenant",
        "Device Apps",
        (200, 400, 401, 500),
        UUID,
        path_ids={"deviceId": TEXT},
        query={"app type": {"type": "string", "enum": ["VPP", "TENANT_IOS", "ESPER_IOS"]}, **COUNTED},
    ),
    Operation(  # its ids are typed "integer <uuid>" and both required, but its summary says app_id or app_version_id
        "GET",
        DEVICES_WITH_APP,
        "Get list of devices with an app by app_id or app_version_id.",
        "Device Apps",
        (200, 400, 401, 500),
        UUID,
        query={"app_id": UUID, "app_version_id": UUID},
    ),
    Operation(
        "GET",
        CONVERGES,
        "List converge action",
        "Converge",
        (200, 401, 500),
        TEXT,
        query={"device_ids": TEXT, **NUMBERED},
    ),
    Operation(
        "POST",
        CONVERGES,
        "Create a converge action",
        "Converge",
        (201, 400, 401, 500),
        TEXT,
        body={
            "device_id": UUID,
            "converge_with_provision_option": FLAG,
            "schedule_type": {"type": "string", "enum": ["IMMEDIATE", "WINDOW"]},
            "schedule_args": {"type": "object"},
        },
    ),
    Operation(
        "GET",
        CONVERGE,
        "Get converge action",
        "Converge",
        (200, 401, 404, 500),
        TEXT,
        private_url=False,
        path_id=TEXT,
    ),
    Operation(
        "GET",
        CONVERGE_COMMANDS,
        "List commands fires for converge action",
        "Converge Command",
        (200, 401, 404, 500),
        TEXT,
        path_id=TEXT,
        query=NUMBERED,
    ),
    Operation(
        "GET",
        DEP_SYNCS,
        "List all DEP sync requests for the tenant",
        "DEP Sync Request",
        (200, 401, 500),
        TEXT,
        private_url=False,
    ),
    Operation(
        "POST",
        DEP_SYNCS,
        "Create a DEP sync request",
        "DEP Sync Request",
        (200, 400, 401, 500),
        TEXT,
        body={},
    ),
    Operation(
        "GET",
        DEP_SYNCS + "{id}/",
        "Get a DEP sync request",
        "DEP Sync Request",
        (200, 401, 404, 500),
        TEXT,
        private_url=False,
        path_id=TEXT,
    ),
    Operation(
        "POST",
        SEAMLESS + "/upload",
        "Create a seamless provisioning request",
        "Seamless Provisioning",
        (200, 400, 401, 500),
        TEXT,
        private_url=False,
        body={"csv_file": BINARY},
        body_type=FORM,
    ),
    Operation(
        "POST",
        SEAMLESS,
        "Create a seamless provisioning request",
        "Seamless Provisioning",
        (200, 400, 401, 500),
        TEXT,
        private_url=False,
        body={"assigned_blueprint_id": UUID, "group_id": UUID, "seamless_info": {"type": "object"}},
    ),
]
