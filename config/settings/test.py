"""Tests: real PostgreSQL and Valkey, tasks run in place, nothing leaves the machine."""

import os
import re

from config import env
from config.settings.base import *  # noqa: F403 - as in production.py
from config.settings.base import CACHES, MIDDLEWARE, REDIS_URL


def worker_number() -> int:
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


def with_database(url: str, number: int) -> str:
    """`redis://host/N` or `unix:///socket?db=N`."""
    base = url.partition("?")[0].rstrip("/")
    return f"{base}?db={number}" if url.startswith("unix:") else f"{re.sub(r'/[0-9]+$', '', base)}/{number}"


SECRET_KEY = "tests"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
DATABASES = {"default": env.database(pool=False)}  # one thread per test process
# Each process of a parallel run has a Redis database of its own: tests empty the cache.
CACHES = {"default": {**CACHES["default"], "LOCATION": with_database(REDIS_URL, 1 + worker_number() % 15)}}
MIDDLEWARE = [name for name in MIDDLEWARE if not name.startswith("whitenoise")]
AXES_ENABLED = False
API_RATE_LIMIT = 0
APNS_HOST = "127.0.0.1"
APNS_PORT = 1  # nobody listens; tests that push start the stand-in
BASE_URL = "http://testserver"
