"""What the pages of DEP tokens show and say.

What there is to press at Apple is named as https://support.apple.com/guide/business/axm1c1be359d/web shows it, and for
the older look https://documentation.n-able.com/remote-management/userguide/Content/dma/renew-abm-token.htm.
"""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminTextInputWidget

from tenants.admin import display
from tenants.admin.apple_tokens import BUSINESS, SCHOOL, expiry_notices, token_label
from tenants.admin.base import ScopedAdmin
from tenants.admin.display import Facts
from tenants.admin.guide import FileField, GuideForm, State, Step, guide_page
from tenants.admin.guide_forms import TenantForm
from tenants.credentials import dep_tokens_in_use
from tenants.file_kinds import LARGEST_TEXT
from tenants.models import AuditEvent, DepToken

NAMED = 5  # tokens told one by one
CONSEQUENCE = "Apple tells this server nothing of the devices that are assigned to it"
PLACE = SafeString(
    "Choose <b>Devices</b>, then <b>Management Services</b>. (In Apple School Manager, and where the pages still look "
    "like the old Apple Business Manager: your name, <b>Preferences</b>; services are also called MDM servers there.)"
)
UPLOAD_SOON = "Upload it here soon: with a new token, Apple ends the one before."


class UploadForm(GuideForm):
    consent = "Store it anyway. I have read what happens."
    file = FileField(most=LARGEST_TEXT, accept=".p7m", label="Token", help_text="The .p7m file that Apple gave.")
    token_name = forms.CharField(
        max_length=128,
        label="Name",
        help_text="For you to know it by: the name of the service at Apple, for instance.",
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )

    def __init__(self, token: DepToken, *args: Any) -> None:
        super().__init__(*args)
        self.initial = {"token_name": token.token_name}


# One token ----------------------------------------------------------------------------------------------------------
def token_page(page: ScopedAdmin, request: HttpRequest, token: Any, form: GuideForm | None) -> HttpResponse:
    """`token` is annotated with whether a newer one has `replaced` it."""
    shown = _completed(token, form) if token.token_expiry_on else _waiting(token, form)
    return guide_page(page, request, token, **shown)


def _waiting(token: DepToken, form: GuideForm | None) -> dict[str, Any]:
    downloaded = _is_downloaded(token)
    state: State = "now" if downloaded else "later"
    renewing = dep_tokens_in_use([token.tenant_id]).exists()
    return {
        "title": "New DEP token",
        "steps": [
            Step(
                "Download the public key",
                _key_sentences(),
                "done" if downloaded else "now",
                download=("Download the public key", _download_url(token)) if form else None,
            ),
            Step("Give it to Apple", _apple_sentences(renewing=renewing), state),
            Step("Upload the token", [UPLOAD_SOON], state, form=form, button="Upload the token"),
        ],
        "cards": [("Token", _facts(token))],
        "notices": [] if form else [("info", "Somebody with the role admin in this tenant can go on with this.")],
    }


def _is_downloaded(token: DepToken) -> bool:
    """By the console; the API answered the file at once."""
    events = AuditEvent.objects.filter(object_type=token._meta.model_name, object_id=str(token.pk))
    by_api = events.filter(action="dep_token.requested", actor_kind=AuditEvent.ActorKind.API)
    return (events.filter(action="dep_token.key_downloaded") | by_api).exists()


def _completed(token: Any, form: GuideForm | None) -> dict[str, Any]:
    newer = _newer(token) if token.replaced else None
    notices = [] if newer else expiry_notices(token.token_expiry_on, consequence=CONSEQUENCE)
    return {
        "title": str(token),
        "steps": [
            Step(
                "Public key made",
                _key_sentences(),
                "done",
                download=("Download it again", _download_url(token)) if form else None,
            ),
            Step("Given to Apple, and the token uploaded", [f"Last by {token.updated_by}."], "done"),
            _renewed(newer) if newer else _to_renew(form, is_time=bool(notices)),
        ],
        "cards": [("Token", _facts(token))],
        "notices": notices,
    }


def _newer(token: DepToken) -> DepToken | None:
    rows = dep_tokens_in_use([token.tenant_id]).filter(server_key=token.server_key)
    return rows.only("token_name", "created_at").exclude(pk=token.pk).first()


def _renewed(newer: DepToken) -> Step:
    said = format_html(
        "{} of the same service at Apple is in use instead. This one may be deleted.",
        display.link(newer, "A newer token"),
    )
    return Step("Renewed", [said], "done")


def _to_renew(form: GuideForm | None, *, is_time: bool) -> Step:
    sentences = [
        format_html(
            "Before it ends, and when the person who downloaded the token changes the password at Apple or leaves: "
            "open {} or {}, and sign in.",
            BUSINESS,
            SCHOOL,
        ),
        PLACE,
        SafeString(
            "Open <b>the same service</b> as before, not another one, and download a new token. Its public key need "
            "not be replaced."
        ),
        UPLOAD_SOON,
    ]
    return Step(
        "Renew it every year", sentences, "now" if is_time else "later", form=form, button="Upload the new token"
    )


def _key_sentences() -> list[str]:
    return ["Apple encrypts the token to it. The private key, which alone can read the token, stays here, encrypted."]


def _apple_sentences(*, renewing: bool) -> list[str]:
    """`renewing`: there is a token already, which may be what is to be replaced."""
    opened = format_html(
        "Open {} or {}, and sign in with a user who may manage device management services.", BUSINESS, SCHOOL
    )
    added = SafeString(
        "Add a service for this server (<b>Connect external device management</b>), give it a name, and upload the "
        "public key there."
    )
    again = SafeString(
        "If this key is to replace one of the tokens that you have, open its service there instead of adding one, and "
        "replace its certificate by this public key: devices stay assigned."
    )
    return [opened, PLACE, added, *([again] if renewing else []), "Download the token of the service: a .p7m file."]


def _facts(token: Any) -> Facts:
    is_completed = token.token_expiry_on is not None
    changed = [("Uploaded by", token.updated_by or display.EMPTY), ("Changed", display.exact(token.updated_at))]
    return [
        ("State", token_label(token)),
        ("Tenant", token.tenant),
        *([("Name", token.token_name), ("Expires", display.exact(token.token_expiry_on))] if is_completed else []),
        ("Key made by", token.created_by or display.EMPTY),
        ("Key made", display.exact(token.created_at)),
        *(changed if is_completed else []),
        ("Id", display.code(token.pk)),
    ]


def _download_url(token: DepToken) -> str:
    return reverse("admin:tenants_deptoken_download", args=[token.pk])


def deletion(token: DepToken) -> tuple[str, list[str]]:
    """Title and sentences of the page that asks first."""
    if token.token_expiry_on is None:
        return "Delete this public key?", ["A token that Apple makes for this key can then not be read any more."]
    return f"Delete the DEP token {token}?", [
        f"Without a token of its service, {CONSEQUENCE}. Devices that are enrolled stay as they are.",
        "Its key is deleted with it, so this very token cannot be uploaded again: a new key, and a new token of Apple, "
        "are then needed. This cannot be undone.",
    ]


# A new one ----------------------------------------------------------------------------------------------------------
def new_page(page: ScopedAdmin, request: HttpRequest, form: TenantForm) -> HttpResponse:
    made = ["Muster makes a key pair. Its public half goes to Apple, which encrypts the token to it."]
    steps = [
        Step("Make a key", [*made, *form.for_whom()], "now", form=form, button="Make the key"),
        Step("Download the public key", _key_sentences()),
        Step("Give it to Apple", _apple_sentences(renewing=False)),
        Step("Upload the token", [UPLOAD_SOON]),
    ]
    return guide_page(page, request, None, title="New DEP token", steps=steps, notices=_before(form))


def _before(form: TenantForm) -> list[tuple[str, str]]:
    """Who comes to renew a token, or to go on, is sent there."""
    in_use = dep_tokens_in_use().filter(tenant__in=form.tenants).order_by("token_expiry_on")
    waiting = DepToken.objects.filter(tenant__in=form.tenants, state=DepToken.State.CSR_GENERATED)
    return [
        *_links("To renew a token you need no new key. Open it, and upload the new file there: {}.", in_use),
        *_links("There are keys already that wait for Apple's token: {}.", waiting),
    ]


def _links(words: str, tokens: QuerySet[DepToken]) -> Sequence[tuple[str, str]]:
    shown = tokens.select_related("tenant").only("tenant", "token_name", "created_at")[:NAMED]
    links = format_html_join(", ", "{} ({})", ((display.link(token), token.tenant) for token in shown))
    return [("info", format_html(words, links))] if links else []
