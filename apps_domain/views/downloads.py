"""Files of apps, and manifests for devices: plain HTTP under /mdm/, outside Django's middleware.

404 for what never was, 403 for what may not be had any more or by this device; never 401, which would unenrol it.
"""

from collections.abc import Iterator
from typing import IO

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.cache import patch_cache_control

from apps_domain.downloads import BadLinkError, ExpiredLinkError, FileLink, read_file_token, read_manifest_token
from apps_domain.manifests import build_manifest
from apps_domain.models import StoredFile
from apps_domain.ranges import Part, UnsatisfiableError, wanted_part
from apps_domain.selectors.files import get_stored_file, installable_version
from apps_domain.storage import app_storage
from config.api.errors import Forbidden, NotFound

log = structlog.get_logger(__name__)

PIECE = 256 * 1024
TYPES = {"png": "image/png", "apk": "application/vnd.android.package-archive"}
PLIST_TYPE = "application/xml; charset=UTF-8"


def app_file(request: HttpRequest, token: str) -> HttpResponseBase:
    """The whole file, or the part that `Range` asks for."""
    if request.method not in ("GET", "HEAD"):
        return _only_reads()
    try:
        link = read_file_token(token)
        file = get_stored_file(link.file_id)
    except ExpiredLinkError:
        return _plain(403, "This address has expired. Ask for a new one.")
    except (BadLinkError, NotFound):
        return _plain(404, "No such file.")
    return _file(request, file, link)


def app_manifest(request: HttpRequest, token: str) -> HttpResponseBase:
    """For the one device that the address was made for, while it is enrolled."""
    if request.method not in ("GET", "HEAD"):
        return _only_reads()
    try:
        link = read_manifest_token(token)
        version = installable_version(link)
    except ExpiredLinkError:
        return _plain(403, "This address has expired. Send the command again.")
    except (BadLinkError, NotFound):
        return _plain(404, "No such app.")
    except Forbidden as error:
        return _plain(403, error.message)
    return HttpResponse(build_manifest(version, device_id=link.device_id), content_type=PLIST_TYPE)


def _file(request: HttpRequest, file: StoredFile, link: FileLink) -> HttpResponseBase:
    tag = f'"{file.sha256}"'
    if tag in request.headers.get("If-None-Match", ""):
        return _described(HttpResponse(status=304), tag)
    try:
        part = wanted_part(
            request.headers.get("Range", ""), size=file.size, if_range=request.headers.get("If-Range", ""), tag=tag
        )
    except UnsatisfiableError:
        response = _plain(416, "The file ends before that.")
        response["Content-Range"] = f"bytes */{file.size}"
        return response
    return _described(_body(request, file, link, part), tag)


def _body(request: HttpRequest, file: StoredFile, link: FileLink, part: Part | None) -> HttpResponseBase:
    kind = TYPES.get(file.name.rpartition(".")[2], "application/octet-stream")
    whole = part or Part(0, file.size)
    response: HttpResponseBase
    if request.method == "HEAD":
        response = HttpResponse(content_type=kind)
    else:
        elsewhere = _elsewhere(file, link, kind)
        if elsewhere:
            return HttpResponse(status=302, headers={"Location": elsewhere})
        try:
            handle = app_storage().read(file.name)
        except FileNotFoundError:
            log.error("stored_file_missing", file=file.name)
            return _plain(404, "No such file.")
        response = StreamingHttpResponse(_pieces(handle, whole), content_type=kind)
    response["Content-Length"] = str(whole.size)
    response["Content-Disposition"] = f'attachment; filename="{link.file_name}"'
    response["Accept-Ranges"] = "bytes"
    if part:
        response.status_code = 206
        response["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{file.size}"
    return response


def _elsewhere(file: StoredFile, link: FileLink, kind: str) -> str | None:
    """Where the storage serves it by itself. Icons always come from here: the console's pages load none from others."""
    if kind == TYPES["png"]:
        return None
    seconds = settings.DOWNLOAD_URL_SECONDS
    return app_storage().link(file.name, seconds=seconds, file_name=link.file_name, content_type=kind)


def _pieces(handle: IO[bytes], part: Part) -> Iterator[bytes]:
    with handle:
        handle.seek(part.start)
        left = part.size
        while left > 0 and (piece := handle.read(min(left, PIECE))):
            left -= len(piece)
            yield piece


def _described(response: HttpResponseBase, tag: str) -> HttpResponseBase:
    response["ETag"] = tag
    response["X-Content-Type-Options"] = "nosniff"
    patch_cache_control(response, private=True, max_age=settings.DOWNLOAD_URL_SECONDS)
    return response


def _only_reads() -> HttpResponse:
    response = _plain(405, "Files are only read.")
    response["Allow"] = "GET, HEAD"
    return response


def _plain(status: int, text: str) -> HttpResponse:
    return HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8")
