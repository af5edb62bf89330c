"""A database of the bench's own beside the one that DATABASE_URL names, and settings as in production."""

import base64
import contextlib
import os
import secrets
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
from psycopg import sql


@contextlib.contextmanager
def own_database() -> Iterator[str]:
    """Its URL. It is dropped afterwards; whatever was in the server before is not touched.

    The suite names in DATABASE_TEMPLATE a migrated database to copy.
    """
    url = os.environ.get("DATABASE_URL")
    if not url:
        raise SystemExit("bench: DATABASE_URL is not set; `make bench` starts services for it.")
    name = sql.Identifier(f"muster_bench_{os.getpid()}")
    template = sql.Identifier(os.environ.get("DATABASE_TEMPLATE") or "template1")
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(name, template))
        # The throw-away server does without; a commit's own work belongs to the figures.
        server.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = on").format(name))
        try:
            yield urlsplit(url)._replace(path=f"/{name.as_string().strip(chr(34))}").geturl()
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def settings_for(database_url: str) -> dict[str, str]:
    """Production's settings, on loopback without TLS. The rate limit is on, but out of reach."""
    return {
        "DATABASE_URL": database_url,
        "DJANGO_SETTINGS_MODULE": "config.settings.production",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "ENCRYPTION_KEYS": f"bench:{base64.b64encode(secrets.token_bytes(32)).decode()}",
        "BASE_URL": "http://127.0.0.1",
        "SECURE_SSL_REDIRECT": "false",
        "API_RATE_LIMIT": "1000000000",
        "LOG_LEVEL": "WARNING",
    }
