"""What the pages of VPP tokens show and say.

What there is to press at Apple is named as https://support.apple.com/guide/business/manage-content-tokens-axme0f8659ec/web
and https://support.apple.com/guide/apple-school-manager/axme0f8659ec/web name it.
"""

from collections import Counter

from django.db import router
from django.db.models import Model
from django.db.models.deletion import Collector
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tenants.admin import display
from tenants.admin.apple_tokens import BUSINESS, SCHOOL, expiry_notices, token_label
from tenants.admin.base import ScopedAdmin
from tenants.admin.display import Facts
from tenants.admin.guide import FileField, GuideForm, Step, guide_page
from tenants.admin.guide_forms import TenantForm
from tenants.file_kinds import LARGEST_TEXT
from tenants.models import VppToken

CONSEQUENCE = (
    "Apple takes no requests about its apps any more, so none of them can be assigned to a device or taken back"
)
PLACE = SafeString(
    "Choose <b>Settings</b>, then <b>Payments &amp; Billing</b>, then <b>Apps &amp; Books</b>, and press "
    "<b>Download</b> beside the token. (In Apple School Manager: your name, <b>Preferences</b>, <b>Payments &amp; "
    "Billing</b>, and under <b>Content Tokens</b> the token's name.)"
)
ONE_SERVER = (
    "Give the token of one location (organisational unit) to one MDM server only: two of them take each other's "
    "licences away. Remove it from the other server first."
)


def _file() -> FileField:
    return FileField(most=LARGEST_TEXT, accept=".vpptoken", label="Token", help_text="The .vpptoken file from Apple.")


class AddForm(TenantForm):
    refused_at = "file"
    file = _file()


class RenewForm(GuideForm):
    consent = "Put it in the place of the old one anyway. I have read what happens."
    file = _file()


# One token ----------------------------------------------------------------------------------------------------------
def token_page(page: ScopedAdmin, request: HttpRequest, token: VppToken, form: GuideForm | None) -> HttpResponse:
    notices = expiry_notices(token.token_expiry_on, consequence=CONSEQUENCE)
    steps = [
        Step("Downloaded at Apple", [ONE_SERVER], "done"),
        Step("Stored here", ["It is encrypted, and shown nowhere."], "done"),
        Step(
            "Renew it every year",
            _renewal_sentences(),
            "now" if notices else "later",
            form=form,
            button="Upload the new token",
        ),
    ]
    return guide_page(
        page, request, token, title=str(token), steps=steps, cards=[("Token", _facts(token))], notices=notices
    )


def _renewal_sentences() -> list[str]:
    return [
        format_html(
            "Before it ends, and when the person who downloaded the token changes the password at Apple: open {} or "
            "{}, and sign in.",
            BUSINESS,
            SCHOOL,
        ),
        PLACE,
        SafeString(
            "Take the token of <b>the same location</b> (organisational unit). It takes the place of the old one: "
            "licences and assignments stay as they are."
        ),
    ]


def _facts(token: VppToken) -> Facts:
    return [
        ("State", token_label(token)),
        ("Tenant", token.tenant),
        ("Organisation", token.org_name or display.EMPTY),
        ("Expires", display.exact(token.token_expiry_on)),
        ("Stored by", token.created_by or display.EMPTY),
        ("Stored", display.exact(token.created_at)),
        ("Changed by", token.updated_by or display.EMPTY),
        ("Changed", display.exact(token.updated_at)),
        ("Digest", display.short(token.key)),
        ("Id", display.code(token.pk)),
    ]


def deletion(token: VppToken) -> tuple[str, list[str]]:
    """Title and sentences of the page that asks first."""
    lost = _lost(token)
    return f"Delete the VPP token of {token}?", [
        f"These go with it: {lost}." if lost else "Nothing else hangs on it.",
        "Apps that it pays for can then not be assigned or taken back. No device is removed, and no app from one.",
        "To renew a token, upload the new one on its page instead: then everything stays.",
    ]


def _lost(token: VppToken) -> str:
    """What the database deletes with it, counted; rooms above this one keep licences and assignments."""
    collector = Collector(using=router.db_for_write(VppToken), origin=token)
    collector.collect([token])
    found: Counter[type[Model]] = Counter({model: len(rows) for model, rows in collector.data.items()})
    for rows in collector.fast_deletes:
        found[rows.model] += rows.count()
    del found[VppToken]
    return ", ".join(f"{count:,} {_words(model, count)}" for model, count in found.most_common() if count)


def _words(model: type[Model], count: int) -> str:
    return str(model._meta.verbose_name if count == 1 else model._meta.verbose_name_plural)


# A new one ----------------------------------------------------------------------------------------------------------
def add_page(page: ScopedAdmin, request: HttpRequest, form: AddForm) -> HttpResponse:
    opened = format_html("Open {} or {}, and sign in with a user who may buy apps.", BUSINESS, SCHOOL)
    steps = [
        Step("Download the token at Apple", [opened, PLACE, ONE_SERVER], "now"),
        Step("Upload it", form.for_whom(), "now", form=form, button="Store the token"),
    ]
    renewing = "To renew a token, open it in the list and upload the new one there: then its licences stay."
    return guide_page(page, request, None, title="Add a VPP token", steps=steps, notices=[("info", renewing)])
