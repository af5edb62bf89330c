"""The operations that the API's page does not have: what its filters speak of is managed by them."""

GROUPS = "/api/v2/devicegroups/"
DEP_PROFILES = "/api/tenant/v0/depprofiles/"

BLUEPRINTS = "/api/v2/blueprints/"
BLUEPRINT = f"{BLUEPRINTS}{{blueprint_id}}/"
VERSION = f"{BLUEPRINT}versions/{{version_id}}/"

OURS = {
    f"GET {BLUEPRINTS}",
    f"POST {BLUEPRINTS}",
    f"GET {BLUEPRINT}",
    f"PUT {BLUEPRINT}",
    f"DELETE {BLUEPRINT}",
    f"GET {BLUEPRINT}versions/",
    f"GET {VERSION}",
    f"GET {VERSION}diff/",
    f"GET {GROUPS}",
    f"POST {GROUPS}",
    f"GET {GROUPS}{{id}}/",
    f"PUT {GROUPS}{{id}}/",
    f"DELETE {GROUPS}{{id}}/",
    f"POST {GROUPS}{{id}}/devices",
    f"DELETE {GROUPS}{{id}}/devices",
    "GET /api/v2/seamless",
    "GET /api/v2/subgroups",
    "GET /api/v2/devices/{id}/drift",
    "POST /api/v2/devices/{id}/drift",
    f"POST {BLUEPRINT}assignments",
    f"DELETE {BLUEPRINT}assignments",
    f"GET {DEP_PROFILES}",
    f"POST {DEP_PROFILES}",
}
