"""The authorities by which we know the servers that we call."""

import ssl
from functools import cache

import httpx2


@cache
def trust(*, from_environment: bool = True) -> ssl.SSLContext:
    """Read once in a process: that takes longer than a request. `from_environment`: SSL_CERT_FILE counts."""
    return httpx2.create_ssl_context(trust_env=from_environment)
