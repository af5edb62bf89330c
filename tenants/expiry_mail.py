"""The e-mail that tells what expires: what ends, what happens to devices then, and what to do.

Names come from uploaded files and from people: in subject and text they are one line each, in HTML escaped.
"""

import hashlib
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse

from config.env import host_of
from tenants.credentials import Credential, Kind
from tenants.models import Tenant

LONGEST_NAME = 100
PAGES = {Kind.APNS: "apnscertificate", Kind.DEP: "deptoken", Kind.VPP: "vpptoken"}
CONSEQUENCES = {
    Kind.APNS: "From then on Muster cannot wake this tenant's Apple devices: commands wait until a device makes "
    "contact by itself, and no new Apple device can enrol. Enrolled devices stay enrolled, as long as the certificate "
    "is renewed and not replaced by a new one.",
    Kind.DEP: "From then on Muster cannot ask Apple for the devices of this MDM server: devices that you buy do not "
    "enrol by themselves. Enrolled devices are not affected.",
    Kind.VPP: "From then on the apps of this location can neither be assigned to devices nor taken back. Apps that are "
    "installed stay and work.",
    Kind.VENDOR: "From then on requests for APNs certificates cannot be signed on this server, so that no tenant can "
    "renew its APNs certificate. Devices are not affected at once.",
    Kind.SIGNING: "From then on devices show the enrolment profile as not verified. Enrolled devices are not affected.",
}
STEPS = {
    Kind.APNS: (
        "Open the page of the certificate in the console and make a request for its renewal.",
        "Sign in at https://identity.apple.com/pushcert with the same Apple Account as the last time (the page names "
        'it), and press "Renew" beside the certificate with this topic. Never "Create a Certificate": its topic would '
        "be another one, and every device would have to enrol anew.",
        "Upload the request there, download the certificate, and upload it on the page in the console.",
    ),
    Kind.DEP: (
        "Sign in at https://business.apple.com (schools: https://school.apple.com) and open the same MDM server as the "
        "last time in its settings.",
        "Download a new server token there. It ends the one before: go on with the next step at once.",
        "Upload the file (.p7m) on the page of the token in the console.",
    ),
    Kind.VPP: (
        "Sign in at https://business.apple.com (schools: https://school.apple.com) and find the content tokens in its "
        "settings, under Payments and Billing.",
        "Download the token of the same location.",
        "Upload the file (.vpptoken) on the page of the token in the console.",
    ),
    Kind.VENDOR: (
        "Renew the MDM vendor certificate in Apple's developer programme.",
        "Put it into the file that MDM_VENDOR_CERTIFICATE_FILE names, Apple's intermediate and root after it, and its "
        "key into that of MDM_VENDOR_KEY_FILE.",
        "Restart web and workers; manage.py check --deploy says whether they fit.",
    ),
    Kind.SIGNING: (
        "Have the certificate renewed by whoever issued it.",
        "Put it into the file that PROFILE_SIGNING_CERTIFICATE_FILE names, its chain after it, and its key into that "
        "of PROFILE_SIGNING_KEY_FILE.",
        "Restart web and workers.",
    ),
}


def expiry_message(
    *, tenant: Tenant | None, credentials: Sequence[Credential], addresses: list[str], warnings: Iterable[int]
) -> EmailMultiAlternatives:
    """One message about all of them. The same warnings (their ids) make the same Message-ID."""
    whose = flat(tenant.name) if tenant else "This installation"
    context: dict[str, Any] = {
        "whose": whose,
        "is_tenant": tenant is not None,
        "items": [_item(credential) for credential in credentials],
        "contacts_url": settings.BASE_URL + reverse("admin:tenants_tenantcontact_changelist"),
        "base_url": settings.BASE_URL,
    }
    message = EmailMultiAlternatives(
        subject=f"[Muster] {whose}: {_summary(credentials)}",
        body=render_to_string("mail/expiry_warning.txt", context),
        to=addresses,
        headers={"Message-ID": _message_id(warnings), "Auto-Submitted": "auto-generated"},
    )
    message.attach_alternative(render_to_string("mail/expiry_warning.html", context), "text/html")
    return message


def flat(text: str) -> str:
    """On one line, without what does not print (controls, marks that turn the direction), and not too long."""
    words = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return words if len(words) <= LONGEST_NAME else f"{words[: LONGEST_NAME - 1]}…"


def _item(credential: Credential) -> dict[str, Any]:
    page = PAGES.get(credential.kind)
    url = reverse(f"admin:tenants_{page}_change", args=[credential.object_id]) if page else ""
    return {
        "title": f'{credential.kind.label} "{flat(credential.name)}"',
        "when": _when(credential),
        "date": f"{credential.expires_at:%Y-%m-%d %H:%M} UTC",
        "consequence": CONSEQUENCES[credential.kind],
        "wrapped_consequence": _wrapped(CONSEQUENCES[credential.kind]),
        "steps": STEPS[credential.kind],
        "numbered_steps": _numbered(STEPS[credential.kind]),
        "url": settings.BASE_URL + url if url else "",
    }


def _wrapped(text: str, indent: str = "") -> str:
    """Lines that every mail program shows as they are; addresses stay whole."""
    return textwrap.fill(text, 76, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _numbered(steps: Sequence[str]) -> list[str]:
    return [_wrapped(f"{number}. {step}", "   ") for number, step in enumerate(steps, 1)]


def _summary(credentials: Sequence[Credential]) -> str:
    first = min(credentials, key=lambda credential: credential.expires_at)
    if len(credentials) == 1:
        return f"{first.kind.label} {_when(first)}"
    return f"{len(credentials)} certificates and tokens expire, the first {_when(first).removeprefix('expires ')}"


def _when(credential: Credential) -> str:
    if credential.is_over():
        return "has expired"
    days = credential.days_left()
    return f"expires in {days} day{'' if days == 1 else 's'}" if days else "expires in less than a day"


def _message_id(warnings: Iterable[int]) -> str:
    digest = hashlib.sha256(",".join(str(pk) for pk in sorted(warnings)).encode()).hexdigest()
    return f"<expiry.{digest[:32]}@{host_of(settings.BASE_URL)}>"
