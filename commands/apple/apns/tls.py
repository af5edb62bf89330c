"""The TLS side of a push connection: our certificate, and whose certificates we trust."""

import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class UnusableCertificate(ValueError):
    """The push certificate or its key cannot be read, or they do not belong together."""


def client_context(*, certificate_pem: bytes, private_key_pem: bytes, ca_file: str | None) -> ssl.SSLContext:
    """A context that shows our push certificate and speaks HTTP/2 only. Without `ca_file` it trusts the system's roots.

    Raises UnusableCertificate, or OSError when `ca_file` cannot be read.
    """
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["h2"])
    with _readable_only_here(private_key_pem.rstrip() + b"\n" + certificate_pem) as path:
        try:
            # An empty password makes an encrypted key an error; without it OpenSSL would ask on the terminal.
            context.load_cert_chain(path, password="")
        except (ssl.SSLError, ValueError) as error:
            raise UnusableCertificate(f"The push certificate and its key cannot be used: {error}") from error
    return context


@contextmanager
def _readable_only_here(content: bytes) -> Iterator[str]:
    """A path with this content for as long as the block lasts: in memory where the system can, else a private file."""
    if hasattr(os, "memfd_create") and Path("/proc/self/fd").is_dir():
        with os.fdopen(os.memfd_create("push-certificate"), "wb", buffering=0) as file:
            file.write(content)
            yield f"/proc/self/fd/{file.fileno()}"
        return
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "push-certificate"
        path.touch(mode=0o600)
        path.write_bytes(content)
        yield str(path)
