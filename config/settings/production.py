"""Production: nothing starts without its secrets, everything travels by TLS."""

from config import env
from config.settings.base import *  # noqa: F403 - settings modules extend one another; Django reads names, not imports
from config.settings.base import EMAIL_BACKEND, EMAIL_HOST, STORAGES
from config.settings.logs import logging_config

SECRET_KEY = env.required("SECRET_KEY")
ENCRYPTION_KEYS = env.required("ENCRYPTION_KEYS")
BASE_URL = env.web_url("BASE_URL", env.required("BASE_URL"))
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS") or [env.host_of(BASE_URL)]
env.required("DATABASE_URL")
REDIS_URL = env.required("REDIS_URL")
DEBUG = False

EMAIL_BACKEND = EMAIL_BACKEND if EMAIL_HOST else "config.mail.NotSetUp"

SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", default=True)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.flag("BEHIND_PROXY", default=False) else None
SECURE_REDIRECT_EXEMPT = [r"^sys/", r"^metrics$"]
SECURE_HSTS_SECONDS = env.number("SECURE_HSTS_SECONDS", 365 * 24 * 3600)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
WHITENOISE_USE_FINDERS = False
STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
LOGGING = logging_config(level=env.text("LOG_LEVEL", "INFO"), json=env.flag("LOG_JSON", default=True))
