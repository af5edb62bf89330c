"""What the page of an MDM server at Apple shows: what to mend, what became of its devices, when it is read."""

from typing import Any

from django.db.models import Count
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from commands.admin.send_targets import counted
from onboarding.admin.dep_display import CAUSES, STANDINGS, bar, found, list_of, profile_link, sync_label
from onboarding.clients.dep_errors import WORDS, Kind
from onboarding.models import DepDevice, DepProfileDefinition, DepServer, DepSync
from tenants.admin import display
from tenants.admin.apple_tokens import BUSINESS, SCHOOL, token_label
from tenants.admin.display import Facts
from tenants.credentials import dep_tokens_in_use
from tenants.models import DepToken

LATEST = 5  # syncs
DEFINED = 50  # profiles
ACCOUNT = (  # of what Apple tells, and in words
    ("org_name", "Organisation"),
    ("org_type", "Kind"),
    ("org_version", "Program"),
    ("org_email", "E-mail"),
    ("org_phone", "Phone"),
    ("org_address", "Address"),
    ("org_id", "Organisation id"),
    ("server_uuid", "Server id"),
)


def server_label(server: DepServer) -> SafeString:
    if server.problem:
        return display.label("stopped", "danger", server.problem)
    if server.trouble:
        return display.label("tried again", "warning", server.trouble)
    if server.claimed_at is not None:
        return display.label("at work", "info")
    return display.label("in order", "success") if server.synced_at else display.label("not read yet", "info")


def server_page(server: Any) -> dict[str, Any]:
    """`server` is annotated with its tenant's default profile."""
    token = _token(server)
    counts = _counts(server)
    return {
        "title": str(server),
        "server": server,
        "notices": [*_problems(server), *_token_notices(server, token), *_pending(server)],
        "bar": bar([(each.words, each.css, counts[each.value]) for each in STANDINGS]),
        "outcomes": _outcomes(server, counts),
        "syncs": [_sync(row) for row in DepSync.objects.filter(tenant=server.tenant_id)[:LATEST]],
        "all_syncs": list_of("depsync", tenant__id__exact=server.tenant_id),
        "definitions": _definitions(server),
        "cards": [
            ("Server", _facts(server)),
            ("Account at Apple", _account(server)),
            ("Token", _token_facts(token)),
        ],
    }


# What somebody must mend --------------------------------------------------------------------------------------------
TOKEN_CODES = ("NO_TOKEN", "SEALED")  # our own words, beside Apple's


def _problems(server: DepServer) -> list[tuple[str, Any]]:
    if server.problem:
        since = format_html("Since {}", display.exact(server.problem_at)) if server.problem_at else ""
        return [("danger", display.lines([words for words in (server.problem, _where(server), since) if words]))]
    return [("warning", f"{server.trouble} It is tried again by itself.")] if server.trouble else []


def _where(server: DepServer) -> SafeString | str:
    """Where it is mended."""
    kind = WORDS.get(server.problem_code)
    if kind in (Kind.TERMS, Kind.DENIED):
        return format_html("Open {} or {}, and then press Sync now here.", BUSINESS, SCHOOL)
    if kind is Kind.TOKEN or server.problem_code in TOKEN_CODES:
        url = f"{reverse('admin:tenants_deptoken_changelist')}?tenant__id__exact={server.tenant_id}"
        return format_html('<a href="{}">DEP tokens of the tenant</a>', url)
    return ""


def _pending(server: DepServer) -> list[tuple[str, Any]]:
    """A device that has a profile counts as assigned until a worker has asked for another."""
    due = server.assign_due_at is not None and server.assign_due_at <= timezone.now()
    told = "Profiles are assigned as soon as a worker is free; what is counted here is from before."
    return [("info", told)] if due and not server.problem else []


def _token_notices(server: DepServer, token: DepToken | None) -> list[tuple[str, Any]]:
    if token is None:
        return [] if server.problem else [("danger", "There is no token of this server any more.")]
    assert token.token_expiry_on is not None  # it is completed
    return [("danger", "The token of this server has expired.")] * (token.token_expiry_on <= timezone.now())


def _token(server: DepServer) -> DepToken | None:
    rows = dep_tokens_in_use([server.tenant_id]).filter(server_key=server.server_key)
    return rows.only("token_name", "token_expiry_on", "created_at", "updated_at", "updated_by").first()


# What became of its devices -----------------------------------------------------------------------------------------
def _counts(server: DepServer) -> dict[str, int]:
    """One pass over the server's devices."""
    numbers = {each.value: Count("pk", filter=each.rows) for each in STANDINGS}
    return DepDevice.objects.filter(server=server).aggregate(**numbers)


def _outcomes(server: DepServer, counts: dict[str, int]) -> list[tuple[SafeString, str, str]]:
    return [
        (
            display.label(each.words, each.kind),
            counted(counts[each.value]),
            list_of("depdevice", server__id__exact=server.pk, standing=each.value),
        )
        for each in STANDINGS
        if counts[each.value]
    ]


def _sync(row: DepSync) -> dict[str, Any]:
    return {
        "when": display.two_lines(display.link(row, display.moment(row.created_at)), CAUSES[DepSync.Cause(row.cause)]),
        "label": sync_label(row),
        "found": found(row),
        "reason": row.failure_reason,
    }


def _definitions(server: DepServer) -> list[dict[str, Any]]:
    rows = DepProfileDefinition.objects.filter(server=server).select_related("profile").order_by("profile__name")
    return [
        {
            "profile": display.link(row.profile),
            "uuid": display.code(row.profile_uuid) if row.profile_uuid else display.EMPTY,
            "problem": row.problem,
            "at": display.moment(row.defined_at, "not yet"),
        }
        for row in rows[:DEFINED]
    ]


# Cards --------------------------------------------------------------------------------------------------------------
def _facts(server: Any) -> Facts:
    reads = "the full list" if server.fetch_began_at or not server.cursor_at else "changes"
    return [
        ("State", server_label(server)),
        ("Tenant", server.tenant),
        ("Profile", profile_link(server, server.profile)),
        ("Last read", display.exact(server.synced_at, "never")),
        ("Next time", display.exact(server.sync_due_at)),
        ("It reads", reads),
        *([("Full list since", display.exact(server.fetch_began_at))] if server.fetch_began_at else []),
        *([("Profiles are assigned", display.exact(server.assign_due_at))] if server.assign_due_at else []),
        ("First known", display.exact(server.created_at)),
    ]


def _account(server: DepServer) -> Facts:
    told = [(words, server.account.get(key)) for key, words in ACCOUNT]
    return [(words, value) for words, value in told if value] or [("Told", "nothing yet")]


def _token_facts(token: DepToken | None) -> Facts:
    if token is None:
        return [("Token", display.label("none", "danger"))]
    return [
        ("Token", display.link(token)),
        ("State", token_label(token)),
        ("Ends", display.exact(token.token_expiry_on)),
        ("Uploaded by", token.updated_by or display.EMPTY),
    ]
