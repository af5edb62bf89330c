"""Apps in S3-compatible storage: written in parts, read by ranges, handed out by addresses that the storage serves.

Needs the extra `s3` (requirements/s3.txt). See https://docs.aws.amazon.com/AmazonS3/latest/API/ of the operations used.
"""

import io
import threading
from contextlib import suppress
from functools import cached_property
from typing import IO, Any

import boto3
import structlog
from botocore.config import Config
from botocore.exceptions import ClientError
from django.core.files.storage import Storage

log = structlog.get_logger(__name__)

PART = 8 * 1024 * 1024  # bytes in memory at a time; 10,000 parts are the most that a file has
READ_AHEAD = 256 * 1024
ABSENT = {"404", "NoSuchKey", "NoSuchUpload", "NotFound"}


class S3AppStorage(Storage):
    def __init__(
        self,
        *,
        bucket_name: str,
        endpoint_url: str | None = None,
        public_url: str | None = None,
        region_name: str | None = None,
        location: str = "",
        access_key: str | None = None,
        secret_key: str | None = None,
    ) -> None:
        self.bucket = bucket_name
        self._folder = f"{location.strip('/')}/" if location.strip("/") else ""
        self._endpoint, self._public = endpoint_url, public_url or endpoint_url
        self._account = {
            "region_name": region_name,
            "aws_access_key_id": access_key,
            "aws_secret_access_key": secret_key,
        }
        self._making = threading.Lock()  # boto3's sessions are not for several threads, its clients are

    def create(self, name: str) -> "S3Writing":
        return S3Writing(self.client, self.bucket, self._key(name))

    def read(self, name: str) -> IO[bytes]:
        return io.BufferedReader(S3Reading(self.client, self.bucket, self._key(name)), READ_AHEAD)

    def delete(self, name: str) -> None:
        """Also the parts of an upload that died, which no list of files shows."""
        key = self._key(name)
        self.client.delete_object(Bucket=self.bucket, Key=key)
        try:
            begun = self.client.list_multipart_uploads(Bucket=self.bucket, Prefix=key).get("Uploads", [])
        except ClientError as error:  # not every account may list them; the bucket's own rules clean up then
            log.warning("s3_uploads_not_listed", error=str(error)[:300])
            return
        for upload in begun:
            _abort(self.client, self.bucket, upload["Key"], upload["UploadId"])

    def link(self, name: str, *, seconds: int, file_name: str, content_type: str) -> str:
        told = {
            "Bucket": self.bucket,
            "Key": self._key(name),
            "ResponseContentDisposition": f'attachment; filename="{file_name}"',
            "ResponseContentType": content_type,
        }
        return str(self.public_client.generate_presigned_url("get_object", Params=told, ExpiresIn=seconds))

    @property
    def client(self) -> Any:
        with self._making:
            return self._client

    @property
    def public_client(self) -> Any:
        """Signs addresses; calls nobody."""
        with self._making:
            return self._public_client

    @cached_property
    def _client(self) -> Any:
        return self._made(self._endpoint)

    @cached_property
    def _public_client(self) -> Any:
        return self._made(self._public)

    def _made(self, endpoint: str | None) -> Any:
        config = Config(
            signature_version="s3v4",
            s3={"addressing_style": "path" if endpoint else "auto"},
            connect_timeout=5,
            read_timeout=60,
            retries={"max_attempts": 3, "mode": "standard"},
            request_checksum_calculation="when_required",  # other makers' storage does not know the new ones
            response_checksum_validation="when_required",
        )
        return boto3.session.Session().client("s3", endpoint_url=endpoint, config=config, **self._account)

    def _key(self, name: str) -> str:
        return self._folder + name


class S3Writing:
    """One request for a small file, a multipart upload for a large one: either is there as a whole or not at all."""

    def __init__(self, client: Any, bucket: str, key: str) -> None:
        self._client, self._bucket, self._key = client, bucket, key
        self._buffer = bytearray()
        self._upload = ""
        self._parts: list[dict[str, Any]] = []

    def write(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= PART:
            self._send(bytes(self._buffer[:PART]))
            del self._buffer[:PART]

    def finish(self) -> None:
        if not self._upload:
            self._client.put_object(Bucket=self._bucket, Key=self._key, Body=bytes(self._buffer))
            return
        if self._buffer:
            self._send(bytes(self._buffer))
        self._client.complete_multipart_upload(
            Bucket=self._bucket, Key=self._key, UploadId=self._upload, MultipartUpload={"Parts": self._parts}
        )

    def abandon(self) -> None:
        self._buffer.clear()
        if self._upload:
            _abort(self._client, self._bucket, self._key, self._upload)
        with suppress(ClientError):
            self._client.delete_object(Bucket=self._bucket, Key=self._key)

    def _send(self, data: bytes) -> None:
        if not self._upload:
            begun = self._client.create_multipart_upload(Bucket=self._bucket, Key=self._key)
            self._upload = str(begun["UploadId"])
        number = len(self._parts) + 1
        sent = self._client.upload_part(
            Bucket=self._bucket, Key=self._key, UploadId=self._upload, PartNumber=number, Body=data
        )
        self._parts.append({"ETag": sent["ETag"], "PartNumber": number})


class S3Reading(io.RawIOBase):
    """A file read by ranges: what is not asked for is not fetched."""

    def __init__(self, client: Any, bucket: str, key: str) -> None:
        super().__init__()
        self._client, self._told = client, {"Bucket": bucket, "Key": key}
        self._at = 0
        try:
            self._size = int(client.head_object(**self._told)["ContentLength"])
        except ClientError as error:
            if error.response["Error"]["Code"] in ABSENT:
                raise FileNotFoundError(key) from None
            raise

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(base + offset, 0)
        return self._at

    def readinto(self, buffer: Any) -> int:
        stop = min(self._at + len(buffer), self._size)
        if stop <= self._at:
            return 0
        body = self._client.get_object(**self._told, Range=f"bytes={self._at}-{stop - 1}")["Body"]
        with body:
            data = body.read()
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def readall(self) -> bytes:
        """In one request: the base class would make one for every 8 kB."""
        data = bytearray(max(self._size - self._at, 0))
        return bytes(data[: self.readinto(data)])


def _abort(client: Any, bucket: str, key: str, upload: str) -> None:
    try:
        client.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ABSENT:
            raise
