"""The enrolment page and the profile behind it."""

import segno
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe

from config.api.errors import ApplicationError, Conflict, NotFound
from onboarding.apple.profile import CONTENT_TYPE
from onboarding.services.enrolment_profiles import issue_enrolment_profile, open_enrolment_profile
from tenants.selectors import enrolment_topic

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"


def enrolment_page(request: HttpRequest, token: str) -> HttpResponse:
    """What a person opens on the device, or points its camera at."""
    try:
        profile = open_enrolment_profile(token)
        if enrolment_topic(tenant=profile.tenant) is None:
            raise Conflict("This organisation cannot enrol devices yet: its APNs certificate is missing or expired.")
    except ApplicationError as error:
        return _page(request, "enrolment_closed.html", {"message": error.message}, error.http_status)
    url = enrolment_url(token)
    code = segno.make(url, error="m").svg_inline(omitsize=True, border=2, dark="#111827", light="#ffffff")
    context = {
        "tenant": profile.tenant,
        "profile": profile,
        "url": url,
        "profile_url": f"{url}/profile.mobileconfig",
        "code": mark_safe(code),  # drawn by us from our own URL
    }
    return _page(request, "enrolment.html", context)


def enrolment_url(token: str) -> str:
    return f"{settings.BASE_URL}/mdm/enrol/{token}"


def enrolment_profile(request: HttpRequest, token: str) -> HttpResponse:
    """The signed profile; each download carries its own challenge."""
    if request.method != "GET":
        return HttpResponse("GET only.\n", status=405, content_type="text/plain", headers={"Allow": "GET"})
    try:
        body = issue_enrolment_profile(profile=open_enrolment_profile(token))
    except (NotFound, Conflict) as error:
        return HttpResponse(f"{error.message}\n", status=error.http_status, content_type="text/plain")
    response = HttpResponse(body, content_type=CONTENT_TYPE)
    response["Content-Disposition"] = 'attachment; filename="enrolment.mobileconfig"'
    response["Cache-Control"] = "no-store"
    return response


def _page(request: HttpRequest, template: str, context: dict[str, object], status: int = 200) -> HttpResponse:
    response = render(request, template, context, status=status)
    response["Content-Security-Policy"] = POLICY
    response["Cache-Control"] = "no-store"
    response["X-Content-Type-Options"] = "nosniff"
    response["Referrer-Policy"] = "no-referrer"
    return response
