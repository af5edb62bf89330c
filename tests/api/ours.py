"""The operations that the API's page does not have: what its filters speak of is managed by them."""

GROUPS = "/api/v2/devicegroups/"

OURS = {
    f"GET {GROUPS}",
    f"POST {GROUPS}",
    f"GET {GROUPS}{{id}}/",
    f"PUT {GROUPS}{{id}}/",
    f"DELETE {GROUPS}{{id}}/",
    f"POST {GROUPS}{{id}}/devices",
    "GET /api/v2/subgroups",
}
