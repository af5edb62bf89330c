"""Uploads and downloads of large apps through the web server as the Procfile runs it: seconds, CPU, memory."""

import argparse
import http.client
import json
import os
import plistlib
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from bench.machine import load
from bench.meters import peak_memory, tree_seconds
from bench.population import ACTOR, new_tenant
from bench.sizes import sizes_of
from bench.tables import table
from bench.web import Web, running_web
from tenants.models import Role
from tenants.services.tokens import create_api_token

MIB = 1024 * 1024
SIZES = (64, 512, 2048)  # MiB
HEAD = ("MiB", "upload s", "s/GiB", "web CPU s", "web grew MiB", "download s", "web CPU s")
BOUNDARY = "muster-bench"
PATH = "/api/v2/tenant-apps"


def run(options: argparse.Namespace) -> None:
    tenant = new_tenant("Uploads")
    token = create_api_token(tenant=tenant, role=Role.OPERATOR, actor=ACTOR)[1]
    headers = {"Authorization": f"Bearer {token}", "X-Tenant-Id": str(tenant.pk), "X-Caller-Id": "bench"}
    with tempfile.TemporaryDirectory(prefix="muster-bench-") as name:
        os.environ["APPS_STORAGE_DIR"] = f"{name}/apps"  # for the web server
        with running_web(Path(name) / "web.log") as web:
            _upload(web, headers, _app(Path(name), 1, 0))  # what is loaded once
            rows = [_measured(web, headers, _app(Path(name), size, size), size) for size in sizes_of(options, SIZES)]
    table(f"Uploads and downloads of apps, one at a time ({load()})", HEAD, rows)


def _measured(web: Web, headers: dict[str, str], file: Path, size: int) -> list[object]:
    before, memory = tree_seconds(web.pid), peak_memory(web.pid)
    began = time.perf_counter()
    made = _upload(web, headers, file)
    took, spent = time.perf_counter() - began, tree_seconds(web.pid) - before
    grew = (peak_memory(web.pid) - memory) / MIB
    before, began = tree_seconds(web.pid), time.perf_counter()
    _download(web, headers, made)
    fetched = time.perf_counter() - began
    return [f"{size:,}", took, took / size * 1024, spent, grew, fetched, tree_seconds(web.pid) - before]


def _app(folder: Path, size: int, build: int) -> Path:
    """An app of so many MiB that cannot be packed, and that no profile signs."""
    info = {"CFBundleIdentifier": "org.example.bench", "CFBundleName": "Bench", "CFBundleVersion": str(build)}
    path = folder / "bench.ipa"
    block = os.urandom(MIB)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("Payload/Bench.app/Info.plist", plistlib.dumps(info))
        with archive.open("Payload/Bench.app/Assets.car", "w", force_zip64=True) as file:
            for _ in range(size):
                file.write(block)
    return path


def _upload(web: Web, headers: dict[str, str], path: Path) -> dict[str, Any]:
    named = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="b.ipa"\r\n\r\n'.encode()
    end = f"\r\n--{BOUNDARY}--\r\n".encode()
    with path.open("rb") as file:
        told = {
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
            "Content-Length": str(len(named) + path.stat().st_size + len(end)),
        }
        return _asked(web, "POST", PATH, headers | told, _form(named, file, end))


def _form(named: bytes, file: IO[bytes], end: bytes) -> Iterator[bytes]:
    yield named
    while piece := file.read(MIB):
        yield piece
    yield end


def _download(web: Web, headers: dict[str, str], made: dict[str, Any]) -> None:
    version = _asked(web, "GET", f"{PATH}/{made['id']}/versions/{made['version_id']}", headers)
    connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=600)
    connection.request("GET", "/mdm/" + version["app_download_url"].partition("/mdm/")[2])
    response = connection.getresponse()
    while response.read(MIB):
        pass
    connection.close()


def _asked(web: Web, method: str, path: str, headers: dict[str, str], body: Any = None) -> dict[str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=600)
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    text = response.read()
    connection.close()
    if response.status != 200:
        raise SystemExit(f"bench: {method} {path} answered {response.status}: {text[:300]!r}")
    return dict(json.loads(text)["content"])
