"""A real S3-compatible server, SeaweedFS, for as long as a block lasts."""

import json
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import httpx2
import pytest
from botocore.config import Config

from config.dev.spawn import spawn
from config.dev.web import free_ports
from tests.factories.waiting import until

ACCOUNT = {"access_key": "muster-test", "secret_key": "planted-s3-secret"}
BUCKET = "apps"
WEED = Path(sys.executable).with_name("weed")
needs_s3 = pytest.mark.skipif(not WEED.exists(), reason="SeaweedFS has no wheel for this kind of machine")


@contextmanager
def running_s3(folder: Path) -> Iterator[dict[str, Any]]:
    """The options of S3AppStorage for an empty bucket there."""
    ports = free_ports(8)
    (folder / "data").mkdir()
    with (folder / "log").open("wb") as log:
        process = spawn(_command(folder, ports), output=log)
        try:
            url = f"http://127.0.0.1:{ports[0]}"
            until(lambda: process.poll() is not None or _answers(url, ports[0]), seconds=90)
            assert process.poll() is None, (folder / "log").read_text()[-2000:]
            options = {"bucket_name": BUCKET, "endpoint_url": url, "region_name": "us-east-1", **ACCOUNT}
            s3 = client(options)
            until(lambda: _has_bucket(s3), seconds=30)
            yield options
        finally:
            process.kill()  # asked politely, it takes its time
            process.wait(10)


def client(options: dict[str, Any]) -> Any:
    return boto3.session.Session().client(
        "s3",
        endpoint_url=options["endpoint_url"],
        region_name=options["region_name"],
        aws_access_key_id=ACCOUNT["access_key"],
        aws_secret_access_key=ACCOUNT["secret_key"],
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
    )


def _command(folder: Path, ports: list[int]) -> list[str]:
    credentials = [{"accessKey": ACCOUNT["access_key"], "secretKey": ACCOUNT["secret_key"]}]
    known = {"identities": [{"name": "muster", "credentials": credentials, "actions": ["Admin"]}]}
    (folder / "s3.json").write_text(json.dumps(known))
    roles = ("s3", "master", "volume", "filer")
    named = zip((f"-{role}.port{kind}" for role in roles for kind in ("", ".grpc")), ports, strict=True)
    return [
        str(WEED),
        "server",
        "-s3",
        f"-dir={folder / 'data'}",
        f"-s3.config={folder / 's3.json'}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-s3.port.iceberg=0",
        "-metricsPort=0",
        "-master.volumeSizeLimitMB=64",
        "-volume.max=20",
        *(f"{name}={port}" for name, port in named),
    ]


def _answers(url: str, port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2):  # costs less than a request that is refused
            pass
        return httpx2.get(url, timeout=2, verify=False).status_code in (200, 403)
    except (OSError, httpx2.HTTPError):
        return False


def _has_bucket(s3: Any) -> bool:
    try:
        s3.create_bucket(Bucket=BUCKET)
        s3.put_object(Bucket=BUCKET, Key="probe", Body=b"x")
        s3.delete_object(Bucket=BUCKET, Key="probe")
    except Exception as error:
        return "BucketAlready" in str(error)
    return True
