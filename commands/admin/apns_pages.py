"""What the pages of APNs certificates show: the steps, and beside them what is known."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from commands.admin.apns_forms import ImportForm, UploadForm
from commands.admin.apns_guide import completed_steps, counted, import_steps, request_steps, waiting_steps
from commands.selectors import PushTopic, enrolled_by_topic, push_topics
from tenants.admin import display
from tenants.admin.base import ScopedAdmin
from tenants.admin.display import Facts
from tenants.admin.guide import guide_page
from tenants.admin.guide_forms import TenantForm
from tenants.credentials import SOON
from tenants.models import ApnsCertificate, AuditEvent, Tenant
from tenants.selectors import list_apns_certificates

State = ApnsCertificate.State
NAMED = 5  # requests that wait


def certificate_label(row: Any) -> SafeString:
    """`row` is annotated with whether a newer one has `replaced` it."""
    if row.state != State.COMPLETED:
        return display.label("waits for Apple's certificate", "info")
    if row.replaced:
        return display.label("replaced", "neutral")
    if row.topic_stopped_at:
        return display.label("refused by Apple", "danger", row.topic_stopped_reason)
    if row.cert_expiry_on <= timezone.now():
        return display.label("expired", "danger")
    return display.label("expires soon", "warning") if _ends_soon(row) else display.label("in use", "success")


def _ends_soon(row: ApnsCertificate) -> bool:
    assert row.cert_expiry_on is not None  # a completed certificate has one
    return (row.cert_expiry_on - timezone.now()).days < SOON


def renewal_url(row: ApnsCertificate) -> str:
    told = {"tenant": str(row.tenant_id), "renews": row.topic}
    return f"{reverse('admin:tenants_apnscertificate_request_certificate')}?{urlencode(told)}"


# One certificate ----------------------------------------------------------------------------------------------------
def certificate_page(page: ScopedAdmin, request: HttpRequest, row: Any, form: UploadForm | None) -> HttpResponse:
    """Without a form for those who may only look."""
    shown = _completed(row, form) if row.state == State.COMPLETED else _waiting(request, row, form)
    return guide_page(page, request, row, **shown)


def _waiting(request: HttpRequest, row: ApnsCertificate, form: UploadForm | None) -> dict[str, Any]:
    topics = _to_renew(row.tenant, request)
    if form and len(topics) == 1 and not form.is_bound:
        form.initial["apple_id"] = topics[0].apple_id
    return {
        "title": f"Renewal of {topics[0].topic}" if len(topics) == 1 else "Request for an APNs certificate",
        "steps": waiting_steps(topics, download=_download_url(row), downloaded=_is_downloaded(row), form=form),
        "cards": [("Request", _request_facts(row))],
        "notices": [] if form else [("info", "Somebody with the role admin in this tenant can go on with this.")],
    }


def _to_renew(tenant: Tenant, request: HttpRequest) -> list[PushTopic]:
    """The topic that the user came to renew; all of the tenant's when that is not told any more."""
    topics = push_topics(tenant)
    return [each for each in topics if each.topic == request.GET.get("renews")] or topics


def _is_downloaded(row: ApnsCertificate) -> bool:
    """By the console; the API answered the file at once."""
    events = AuditEvent.objects.filter(object_type=row._meta.model_name, object_id=str(row.pk))
    handed_out = events.filter(action="apns_certificate.request_downloaded")
    return (handed_out | events.filter(action="apns_certificate.requested", actor_kind="api")).exists()


def _completed(row: Any, form: UploadForm | None) -> dict[str, Any]:
    devices = enrolled_by_topic(row.tenant).get(row.topic, 0)
    notices = _notices(row, devices)
    steps = completed_steps(
        row,
        download=_download_url(row),
        form=form,
        renew=renewal_url(row) if form else "",
        is_replaced=row.replaced,
        is_time=bool(notices),
    )
    return {
        "title": row.topic,
        "steps": steps,
        "cards": [("Certificate", _certificate_facts(row, devices)), ("Request", _request_facts(row))],
        "notices": notices,
    }


def _newer(row: ApnsCertificate) -> SafeString | str:
    completed = list_apns_certificates(row.tenant, state=State.COMPLETED)
    usable = completed.filter(topic=row.topic, topic_stopped_at__isnull=True)
    newer = usable.order_by("-cert_expiry_on").first()
    return display.link(newer, "A newer certificate") if newer else "A newer certificate"


def _notices(row: Any, devices: int) -> list[tuple[str, str]]:
    if row.replaced:
        return [("info", format_html("{} of this topic is in use. This one may be deleted.", _newer(row)))]
    if row.topic_stopped_at:
        words = f"Apple refuses this certificate ({row.topic_stopped_reason}): {_cut_off(devices)}. Renew it now."
        return [("danger", words)]
    distance = display.distance(row.cert_expiry_on)
    if row.cert_expiry_on <= timezone.now():
        return [("danger", f"It expired {distance}: {_cut_off(devices)}. Renew it now, with the same Apple Account.")]
    return [("warning", f"It expires {distance}. Renew it before: after that, {_cut_off(devices)}.")] * _ends_soon(row)


def _cut_off(devices: int) -> str:
    if not devices:
        return "no device can enrol with it"
    return f"{counted(devices)} get{'s' if devices == 1 else ''} no commands, and no other can enrol"


def _certificate_facts(row: ApnsCertificate, devices: int) -> Facts:
    return [
        ("State", certificate_label(row)),
        ("Tenant", row.tenant),
        ("Topic", display.code(row.topic)),
        ("Apple Account", row.apple_id or display.EMPTY),
        ("Devices enrolled", f"{devices:,}"),
        ("Issued", display.exact(row.cert_created_at)),
        ("Expires", display.exact(row.cert_expiry_on)),
        *([("Refused by Apple", display.exact(row.topic_stopped_at))] if row.topic_stopped_at else []),
    ]


def _request_facts(row: Any) -> Facts:
    waits = row.state != State.COMPLETED
    return [
        *([("State", certificate_label(row)), ("Tenant", row.tenant)] if waits else []),
        ("Requested by", row.created_by or display.EMPTY),
        ("Requested", display.exact(row.created_at)),
        *(
            []
            if waits
            else [("Completed by", row.updated_by or display.EMPTY), ("Changed", display.exact(row.updated_at))]
        ),
        ("Id", display.code(row.pk)),
    ]


def _download_url(row: ApnsCertificate) -> str:
    return reverse("admin:tenants_apnscertificate_download", args=[row.pk])


def deletion(row: Any) -> tuple[str, list[str]]:
    """Title and sentences of the page that asks first."""
    if row.state != State.COMPLETED:
        lost = "Its key is deleted with it: a certificate that Apple makes of this request can then not be used."
        return "Delete this request?", [lost]
    devices = enrolled_by_topic(row.tenant).get(row.topic, 0)
    lost = "Its key is deleted with it, so this very certificate cannot be uploaded again. This cannot be undone."
    known = f"Its topic has {counted(devices)}."
    noticed = " A newer certificate of the same topic is in use, so they notice nothing." if row.replaced else ""
    return f"Delete the certificate {row.topic}?", [known + noticed, lost]


# A new one ----------------------------------------------------------------------------------------------------------
def request_page(page: ScopedAdmin, request: HttpRequest, form: TenantForm) -> HttpResponse:
    topics = _to_renew(form.only, request) if form.only else []
    return guide_page(
        page,
        request,
        None,
        title="Renew an APNs certificate" if request.GET.get("renews") else "Request an APNs certificate",
        steps=request_steps(form, topics),
        notices=_waiting_ones(form),
    )


def _waiting_ones(form: TenantForm) -> list[tuple[str, str]]:
    rows = ApnsCertificate.objects.filter(tenant__in=form.tenants, state=State.CSR_GENERATED).select_related("tenant")
    shown = rows.defer("private_key", "signing_request", "certificate")[:NAMED]
    links = format_html_join(", ", "{} ({})", ((display.link(row), row.tenant) for row in shown))
    return (
        [("info", format_html("There are requests already that wait for Apple's certificate: {}.", links))]
        if links
        else []
    )


def import_page(page: ScopedAdmin, request: HttpRequest, form: ImportForm) -> HttpResponse:
    return guide_page(page, request, None, title="Import an APNs certificate and its key", steps=import_steps(form))
