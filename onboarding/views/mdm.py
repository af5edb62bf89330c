"""The Apple devices' endpoint: check-in and connect, at one URL or two.

400 what we cannot read, 403 who is not enrolled, 404 a declaration that the device has not got, 401 only to a blocked
device (it then removes its management).
"""

from collections.abc import Callable
from typing import Any

import structlog
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse

from commands.apple import plist
from commands.apple.connect import BlockedError, NotEnrolledError, handle_connect
from commands.apple.identity import Identity, UnidentifiedError, identify
from commands.apple.reports import MalformedReportError
from commands.services.enrolments import is_blocked
from config.api.bodies import read_body
from config.api.client import client_address
from onboarding.apple.messages import MalformedMessageError
from onboarding.services import check_in
from onboarding.services.declarative_management import MissingDeclarationError, answer_declarative_management
from onboarding.services.pinned import RefusedError
from onboarding.services.renewals import adopt_renewed_identity

log = structlog.get_logger(__name__)

PLIST_TYPE = "application/xml; charset=UTF-8"
JSON_TYPE = "application/json"
MAX_BODY = 8 * 1024 * 1024  # a Mac's list of installed applications is megabytes

CheckIn = Callable[..., None]
CHECK_INS: dict[str, CheckIn] = {
    "Authenticate": check_in.authenticate,
    "TokenUpdate": check_in.token_update,
    "CheckOut": check_in.check_out,
    "SetBootstrapToken": check_in.set_bootstrap_token,
}
UNSUPPORTED = {"GetToken"}  # not offered in the profile, so no device should ask


def mdm(request: HttpRequest) -> HttpResponse:
    if request.method not in {"PUT", "POST"}:
        response = _plain(405, "Devices PUT their messages here.")
        response["Allow"] = "PUT"
        return response
    try:
        body = read_body(request, MAX_BODY)
        identity = identify(request, body)
        message = plist.loads(body, max_bytes=MAX_BODY)
        return _answer(request, identity, message)
    except RequestDataTooBig:
        return _plain(413, "The message is too large.")
    except (UnidentifiedError, plist.PlistError, MalformedMessageError, MalformedReportError) as error:
        log.warning("device_message_malformed", reason=str(error), source=client_address(request))
        return _plain(400, f"{error}.")
    except MissingDeclarationError:
        return _plain(404, "The device has no such declaration.")
    except (RefusedError, NotEnrolledError) as error:
        log.warning("device_refused", reason=str(error) or "not enrolled", source=client_address(request))
        return _plain(403, f"{error or 'this certificate is not enrolled'}.")
    except BlockedError:
        return _plain(401, "This device is blocked.")


def _answer(request: HttpRequest, identity: Identity, message: dict[str, Any]) -> HttpResponse:
    if "MessageType" not in message:
        return HttpResponse(_connect(identity, message), content_type=PLIST_TYPE)
    return _check_in(request, identity, message)


def _connect(identity: Identity, message: dict[str, Any]) -> bytes:
    try:
        return handle_connect(certificate_sha256=identity.sha256, report=message)
    except NotEnrolledError:
        if not adopt_renewed_identity(certificate_sha256=identity.sha256):
            raise
        return handle_connect(certificate_sha256=identity.sha256, report=message)


def _check_in(request: HttpRequest, identity: Identity, message: dict[str, Any]) -> HttpResponse:
    kind = str(message["MessageType"])[:64]
    if kind != "CheckOut" and is_blocked(certificate_sha256=identity.sha256):
        raise BlockedError
    if kind == "UserAuthenticate":
        return _plain(410, "Users of this device are not managed.")
    if kind == "GetBootstrapToken":
        token = check_in.get_bootstrap_token(certificate_sha256=identity.sha256, message=message)
        return HttpResponse(plist.dumps({"BootstrapToken": token}), content_type=PLIST_TYPE)
    if kind == "DeclarativeManagement":
        content = answer_declarative_management(certificate_sha256=identity.sha256, message=message)
        return HttpResponse(content, content_type=JSON_TYPE)
    if kind in CHECK_INS:
        source = client_address(request)
        CHECK_INS[kind](certificate_sha256=identity.sha256, message=message, source=source)
        return HttpResponse(b"", content_type=PLIST_TYPE)
    reason = "is not offered by this server" if kind in UNSUPPORTED else "is not a check-in message"
    raise MalformedMessageError(f"{kind} {reason}")


def _plain(status: int, text: str) -> HttpResponse:
    return HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8")
