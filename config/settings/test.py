"""Tests: real PostgreSQL and Valkey, tasks run in place, nothing leaves the machine."""

import atexit
import shutil
import tempfile

from config import env
from config.settings.base import *  # noqa: F403 - as in production.py
from config.settings.base import CACHES, MIDDLEWARE, STORAGES

SECRET_KEY = "tests"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
DATABASES = {"default": env.database(pool=False)}  # one thread per test process
CACHES = {"default": {**CACHES["default"], "BACKEND": "config.cache.ForgivingRedisCache"}}
MIDDLEWARE = [name for name in MIDDLEWARE if not name.startswith("whitenoise")]
AXES_ENABLED = False
_APPS = tempfile.mkdtemp(prefix="muster-apps-")
atexit.register(shutil.rmtree, _APPS, ignore_errors=True)
STORAGES = {
    **STORAGES,
    "apps": {"BACKEND": "apps_domain.storage.local.LocalAppStorage", "OPTIONS": {"location": _APPS}},
}
API_RATE_LIMIT = 0
APNS_HOST = "127.0.0.1"
APNS_PORT = 1  # nobody listens; tests that push start the stand-in
STORE_URL = "http://127.0.0.1:1/lookup"  # as above
VPP_URL = "http://127.0.0.1:1/mdm/v2"  # likewise
DEP_URL = "http://127.0.0.1:1"
BASE_URL = "http://testserver"
