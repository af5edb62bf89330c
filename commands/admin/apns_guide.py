"""The words that guide through getting and renewing an APNs certificate.

What there is to press at Apple's portal is named as
https://documentation.n-able.com/N-central/userguide/Content/Device_Management_Apple/renew_apple_push_notification_certificate.htm
and others show it.
"""

from collections.abc import Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from commands.admin.apns_forms import ImportForm, UploadForm
from commands.selectors import PushTopic
from tenants.admin import display
from tenants.admin.guide import State, Step
from tenants.admin.guide_forms import TenantForm
from tenants.crypto.push_requests import UnusableVendor
from tenants.models import ApnsCertificate
from tenants.services.push_requests import configured_vendor

PORTAL_URL = "https://identity.apple.com/pushcert/"
PORTAL = SafeString(f'<a href="{PORTAL_URL}" target="_blank" rel="noopener">Apple&#x27;s push certificates portal</a>')


# Getting one --------------------------------------------------------------------------------------------------------
def waiting_steps(
    topics: Sequence[PushTopic], *, download: str, downloaded: bool, form: UploadForm | None
) -> list[Step]:
    """Of a request that waits for Apple's certificate. `topics`: what it may renew. Without a form: to look at only."""
    return [
        Step(
            "Download the request",
            file_sentences(),
            "done" if downloaded else "now",
            download=("Download the request", download) if form and not vendor_trouble() else None,
        ),
        Step(
            "Renew the certificate at Apple" if topics else "Have Apple sign it",
            portal_sentences(topics),
            "now" if downloaded else "later",
        ),
        Step(
            "Upload what Apple gave you",
            ["The certificate, and the Apple Account that you signed in with at the portal."],
            "now" if downloaded else "later",
            form=form,
            button="Upload the certificate",
        ),
    ]


def vendor_trouble() -> str:
    try:
        configured_vendor()
    except UnusableVendor as error:
        return str(error)
    return ""


def file_sentences() -> list[str]:
    """What kind of file it is, and so what to do with it."""
    kept = "The private key that belongs to it was made here and stays here, encrypted."
    trouble = vendor_trouble()
    if trouble:
        return [
            f"It cannot be signed at present: this installation's MDM vendor certificate is of no use ({trouble}). "
            "Ask the operator to correct MDM_VENDOR_CERTIFICATE_FILE and MDM_VENDOR_KEY_FILE.",
            kept,
        ]
    if configured_vendor():
        return ["The file is signed by this installation's MDM vendor certificate: the portal takes it as it is.", kept]
    return [
        "The file is a plain signing request (.csr). Apple's portal takes only requests that an MDM vendor has signed, "
        "and this installation has no vendor certificate: send the file to an MDM vendor, and take what comes back to "
        "the portal.",
        "If your organisation is an MDM vendor itself, the operator can set MDM_VENDOR_CERTIFICATE_FILE and "
        "MDM_VENDOR_KEY_FILE; requests are then signed here.",
        kept,
    ]


def portal_sentences(topics: Sequence[PushTopic]) -> list[str]:
    last = "Download the certificate that the portal makes: a file whose name ends in .pem."
    if not topics:
        return [
            format_html(
                "Open {} and sign in with an Apple Account that belongs to the organisation, not to a person: the same "
                "one is needed every year.",
                PORTAL,
            ),
            SafeString(
                "Press <b>Create a Certificate</b>, accept the terms, and upload the request, as you downloaded it "
                "here or as a vendor gave it back."
            ),
            last,
        ]
    first = _sign_in_for(topics[0]) if len(topics) == 1 else _sign_in_for_one_of(topics)
    return [
        *first,
        _never_create(topics),
        "Upload the request there, as you downloaded it here or as a vendor gave it back.",
        last,
    ]


def _sign_in_for(topic: PushTopic) -> list[str]:
    account = format_html(
        "Open {} and sign in with the Apple Account {}. No other account can renew this certificate.",
        PORTAL,
        display.code(topic.apple_id),
    )
    unknown = format_html(
        "Open {} and sign in with the Apple Account that the certificate was made with. It is not known here any more.",
        PORTAL,
    )
    place = format_html(
        "Among the <b>Certificates for Third-Party Servers</b>, find the one whose topic is {} (the <b>i</b> beside a "
        "certificate shows it, as UID), and press <b>Renew</b> beside it.",
        display.code(topic.topic),
    )
    return [account if topic.apple_id else unknown, place]


def _sign_in_for_one_of(topics: Sequence[PushTopic]) -> list[str]:
    rows = (
        (display.code(each.topic), display.code(each.apple_id or "an unknown one"), counted(each.devices))
        for each in topics
    )
    shown = format_html_join("", "<li>{}, Apple Account {}: {}</li>", rows)
    return [
        format_html("This tenant has several topics. Renew one of them with this request:<ul>{}</ul>", shown),
        format_html("Open {} and sign in with the Apple Account of the one that you renew.", PORTAL),
        SafeString(
            "Among the <b>Certificates for Third-Party Servers</b>, find the one with its topic (the <b>i</b> beside a "
            "certificate shows it, as UID), and press <b>Renew</b> beside it."
        ),
    ]


def _never_create(topics: Sequence[PushTopic]) -> SafeString:
    devices = sum(each.devices for each in topics)
    lost = f"the {counted(devices)} would have to enrol again" if devices else "this one would not be renewed by it"
    return format_html("Never press <b>Create a Certificate</b>: that makes another topic, and {}.", lost)


def counted(devices: int) -> str:
    if not devices:
        return "no enrolled device"
    return "1 enrolled device" if devices == 1 else f"{devices:,} enrolled devices"


# Once there is one --------------------------------------------------------------------------------------------------
def completed_steps(
    row: ApnsCertificate,
    *,
    download: str,
    form: UploadForm | None,
    renew: str,
    is_replaced: bool,
    is_time: bool,
) -> list[Step]:
    """`renew`: where to; empty for who may not. `is_time`: to do so."""
    assert row.cert_expiry_on is not None  # a completed certificate has one
    again = (
        "If Apple's portal made a newer certificate of this very request, or Apple refused this one, upload it here."
    )
    return [
        Step("Request made", file_sentences(), "done", download=("Download it", download) if form else None),
        Step(
            "Signed by Apple",
            [format_html("At {}, with the Apple Account {}.", PORTAL, _account(row.apple_id))],
            "done",
        ),
        Step("Uploaded", [again] if form else [], "done", form=form, button="Upload again"),
        Step("Renewed", state="done") if is_replaced else _to_renew(row, renew, is_time),
    ]


def _account(apple_id: str) -> SafeString:
    return display.code(apple_id) if apple_id else SafeString("that it was made with, which is not known here")


def _to_renew(row: ApnsCertificate, renew: str, is_time: bool) -> Step:
    assert row.cert_expiry_on is not None  # a completed certificate has one
    sentences = [
        format_html(
            "Renew it before {}: make a new request here, and press <b>Renew</b> at Apple's portal, signed in with the "
            "Apple Account {}.",
            f"{row.cert_expiry_on:%Y-%m-%d}",
            _account(row.apple_id),
        ),
        "The renewed certificate keeps the topic. Devices notice nothing, and running workers use it at once.",
    ]
    state: State = "now" if is_time else "later"
    return Step("Renew it every year", sentences, state, button="Renew" if renew else "", action_url=renew)


# A new one ----------------------------------------------------------------------------------------------------------
def request_steps(form: TenantForm, topics: Sequence[PushTopic]) -> list[Step]:
    made = [
        "Muster makes a key pair and a request for Apple to sign. The private key stays here, encrypted.",
        *form.for_whom(),
    ]
    return [
        Step("Make a request", made, "now", form=form, button="Make the request"),
        Step("Download the request", ["It is the file that Apple's portal asks for."]),
        _at_apple(topics),
        Step("Upload what Apple gave you", ["The certificate is in use at once, for a year."]),
    ]


def _at_apple(topics: Sequence[PushTopic]) -> Step:
    if not topics:
        return Step("Have Apple sign it", ["With an Apple Account that belongs to the organisation, not to a person."])
    rows = [(display.code(each.topic), each.apple_id or "an unknown one", counted(each.devices)) for each in topics]
    words = format_html_join("", "<li>{}, Apple Account {}: {}</li>", rows)
    return Step("Renew the certificate at Apple", [format_html("This is to be renewed:<ul>{}</ul>", words)])


def import_steps(form: ImportForm) -> list[Step]:
    sentences = [
        "For a certificate whose key was made elsewhere, by another MDM server for instance. Devices that are enrolled "
        "there do not come with it: they enrol here by a link or a profile of this server.",
        *form.for_whom(),
    ]
    return [Step("Upload both", sentences, "now", form=form, button="Import")]
