"""Where devices in their set-up assistant ask for their enrolment profile: the `url` of a DEP profile.

400 what we cannot read, 403 which device we do not enrol, 404 a profile that is gone, 503 a tenant that cannot enrol
any device just now. A person sees "could not download" whatever the number; the log says which it was.
"""

import orjson
import structlog
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse

from commands.apple import plist
from config.api.bodies import read_body
from config.api.client import client_address
from config.api.errors import Conflict, NotFound
from onboarding.apple.machine_info import MAX_MACHINE_INFO, StrangerError, read_machine_info, update_required
from onboarding.apple.messages import MalformedMessageError
from onboarding.apple.profile import CONTENT_TYPE
from onboarding.services.ade import UpdateRequired, hand_out_profile, open_dep_profile
from onboarding.services.pinned import RefusedError
from tenants.crypto.cms import CmsError

log = structlog.get_logger(__name__)

LATER = {"Retry-After": "300"}
NO_STORE = {"Cache-Control": "no-store"}


def ade(request: HttpRequest, token: str) -> HttpResponse:
    if request.method != "POST":
        return _plain(405, "Devices POST their MachineInfo here.", {"Allow": "POST"})
    try:
        return _profile(request, token)
    except UpdateRequired as required:
        document = orjson.dumps(update_required(required.version))
        return HttpResponse(document, status=403, content_type="application/json", headers=NO_STORE)
    except RequestDataTooBig:
        return _refused(request, 413, "the MachineInfo is too large")
    except NotFound as error:
        return _refused(request, 404, error.message)
    except (CmsError, plist.PlistError, MalformedMessageError) as error:
        return _refused(request, 400, str(error))
    except (StrangerError, RefusedError) as error:
        return _refused(request, 403, str(error))
    except Conflict as error:
        return _refused(request, 503, error.message)


def _profile(request: HttpRequest, token: str) -> HttpResponse:
    body = read_body(request, MAX_MACHINE_INFO)
    profile = open_dep_profile(token)
    content = hand_out_profile(profile=profile, info=read_machine_info(body), source=client_address(request))
    return HttpResponse(content, content_type=CONTENT_TYPE, headers=NO_STORE)


def _refused(request: HttpRequest, status: int, reason: str) -> HttpResponse:
    log.warning("ade_refused", status=status, reason=reason, source=client_address(request))
    sentence = f"{reason[:1].upper()}{reason[1:].rstrip('.')}."
    return _plain(status, sentence, LATER if status == 503 else {})


def _plain(status: int, text: str, headers: dict[str, str]) -> HttpResponse:
    return HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8", headers=headers)
