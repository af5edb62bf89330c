"""Settings of every environment. `production` and `test` change what they must."""

from config import env
from config.settings.console import UNFOLD as UNFOLD
from config.settings.logs import configure_structlog, logging_config
from config.settings.storage import app_storage

env.load()

BASE_DIR = env.ROOT
VAR_DIR = env.VAR

DEBUG = env.flag("DEBUG", default=False)
SECRET_KEY = env.secret("SECRET_KEY", "only-for-development-on-this-machine-and-never-for-production")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", ("127.0.0.1", "localhost", "[::1]"))
BASE_URL = env.web_url("BASE_URL", env.secret("BASE_URL", "http://127.0.0.1:8000"))  # as devices and callers reach us
TRUSTED_PROXIES = env.words("TRUSTED_PROXIES")  # peers whose X-Forwarded-For and MDM_CERTIFICATE_HEADER count
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS", (BASE_URL,))

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "django_structlog",
    "axes",
    "tenants",
    "devices",
    "apps_domain",
    "commands",
    "onboarding",
]

MIDDLEWARE = [
    "config.middleware.DeviceEndpoints",  # device protocols leave the chain here
    "django.middleware.security.SecurityMiddleware",
    "config.middleware.ContentSecurityPolicy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "config.middleware.RequestIdHeader",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = False  # each documented path, slash included, is the only one

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

DATABASES = {"default": env.database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.secret("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "config.cache.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "muster",
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 2},
    }
}

AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_ENABLE_ADMIN = False
AXES_CLIENT_IP_CALLABLE = "config.api.client.client_address"
SESSION_COOKIE_HTTPONLY = True
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True
FORMAT_MODULE_PATH = ["config.formats"]

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "templates" / "static"]
WHITENOISE_USE_FINDERS = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "apps": app_storage(VAR_DIR / "apps"),
}

LOGGING_CONFIG_JSON = env.flag("LOG_JSON", default=False)
LOGGING = logging_config(level=env.text("LOG_LEVEL", "INFO"), json=LOGGING_CONFIG_JSON)
configure_structlog()
DJANGO_STRUCTLOG_CELERY_ENABLED = True

# E-mail -------------------------------------------------------------------------------------------------------------
EMAIL_HOST = env.text("EMAIL_HOST")  # without one, mail goes into the log; in production nowhere
EMAIL_PORT = env.number("EMAIL_PORT", 587)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.secret("EMAIL_HOST_PASSWORD")
EMAIL_SECURITY = env.choice("EMAIL_SECURITY", ("starttls", "tls", "none"))
EMAIL_USE_TLS = EMAIL_SECURITY == "starttls"
EMAIL_USE_SSL = EMAIL_SECURITY == "tls"
EMAIL_TIMEOUT = env.number("EMAIL_TIMEOUT", 10)  # seconds for each step of a conversation
EMAIL_BACKEND = "config.mail.EmailBackend" if EMAIL_HOST else "django.core.mail.backends.console.EmailBackend"
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("EMAIL_FROM", f"Muster <muster@{env.host_of(BASE_URL)}>")

# Celery -------------------------------------------------------------------------------------------------------------
CELERY_BROKER_URL = (
    f"redis+socket://{REDIS_URL.removeprefix('unix://')}".replace("?db=", "?virtual_host=")
    if (REDIS_URL.startswith("unix://"))
    else REDIS_URL
)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True  # tasks may run twice; a killed worker's task is delivered again
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 600
CELERY_TASK_SOFT_TIME_LIMIT = 540
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 1,
    "socket_timeout": 5,
    "visibility_timeout": 900,
    "max_retries": 0,  # with the next line: a request must not wait for a broker; beat sweeps what was not published
}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_MAX_LOOP_INTERVAL = 5
CELERY_BEAT_SCHEDULE = {
    "worker heartbeat": {"task": "config.worker_heartbeat", "schedule": 15.0, "options": {"expires": 30}},
    "fan out what was left": {"task": "commands.sweep_requests", "schedule": 10.0, "options": {"expires": 30}},
    "turn schedules": {"task": "commands.turn_schedules", "schedule": 5.0, "options": {"expires": 15}},
    "schedules in new time zones": {"task": "commands.add_new_zones", "schedule": 300.0, "options": {"expires": 300}},
    "let licensed installs go": {"task": "commands.release_holds", "schedule": 5.0, "options": {"expires": 15}},
    "begin and advance converges": {"task": "commands.sweep_converges", "schedule": 10.0, "options": {"expires": 30}},
    "let devices go on in set-up": {"task": "commands.release_devices", "schedule": 5.0, "options": {"expires": 15}},
    "wake waiting devices": {"task": "commands.wake_devices", "schedule": 10.0, "options": {"expires": 30}},
    "find lost wakes": {"task": "commands.find_lost_wakes", "schedule": 60.0, "options": {"expires": 60}},
    "renew identities": {"task": "onboarding.renew_identities", "schedule": 86400.0, "options": {"expires": 3600}},
    "drop old challenges": {"task": "onboarding.prune_challenges", "schedule": 86400.0, "options": {"expires": 3600}},
    "work off who is expected": {"task": "onboarding.sweep_seamless", "schedule": 10.0, "options": {"expires": 30}},
    "drop old uploads": {"task": "onboarding.prune_seamless", "schedule": 86400.0, "options": {"expires": 3600}},
    "time out commands": {"task": "commands.time_out_commands", "schedule": 15.0, "options": {"expires": 30}},
    "cancel what still waits": {"task": "commands.finish_cancellations", "schedule": 30.0, "options": {"expires": 60}},
    "compare with blueprints": {"task": "commands.refresh_drift", "schedule": 60.0, "options": {"expires": 60}},
    "ask devices what they have": {"task": "commands.ask_devices", "schedule": 300.0, "options": {"expires": 300}},
    "prune old rows": {"task": "commands.prune_commands", "schedule": 3600.0, "options": {"expires": 3600}},
    "warn of what expires": {"task": "tenants.warn_of_expiry", "schedule": 3600.0, "options": {"expires": 3600}},
    "refresh store apps": {"task": "apps_domain.refresh_store_apps", "schedule": 15.0, "options": {"expires": 15}},
    "work on licences": {"task": "apps_domain.sweep_licences", "schedule": 5.0, "options": {"expires": 15}},
    "drop old licence events": {
        "task": "apps_domain.drop_old_licence_events",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "drop old results": {"task": "commands.drop_old_results", "schedule": 3600.0, "options": {"expires": 3600}},
    "sync with Apple's device assignment": {
        "task": "onboarding.sweep_dep",
        "schedule": 10.0,
        "options": {"expires": 30},
    },
    "drop old DEP syncs": {"task": "onboarding.prune_dep_syncs", "schedule": 3600.0, "options": {"expires": 3600}},
    "delete files of apps": {"task": "apps_domain.sweep_files", "schedule": 60.0, "options": {"expires": 60}},
}

# REST API -----------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["tenants.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["tenants.permissions.RolePermission"],
    "DEFAULT_THROTTLE_CLASSES": ["config.api.throttling.CallerThrottle"],
    "DEFAULT_RENDERER_CLASSES": ["config.api.renderers.ORJSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["config.api.parsers.ORJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "config.api.renderers.AlwaysJSON",
    "EXCEPTION_HANDLER": "config.api.exception_handler.exception_handler",
    "DEFAULT_SCHEMA_CLASS": "config.api.openapi.DocumentedSchema",
    "DEFAULT_VERSIONING_CLASS": None,
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Apps Domain",
    "DESCRIPTION": "The public interface of the Apps Domain API, served by Muster.",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": r"/api",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "POSTPROCESSING_HOOKS": ["config.api.openapi.finish_document"],
    "ENUM_NAME_OVERRIDES": {},
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,  # "DEVICE - Device" tells nobody anything
}
GATEWAY_HEADERS_REQUIRED = env.choice("GATEWAY_HEADERS", ("required", "optional")) == "required"
API_RATE_LIMIT = env.number("API_RATE_LIMIT", 4000)  # requests per caller in API_RATE_PERIOD; 0 = no limit
API_RATE_PERIOD = env.number("API_RATE_PERIOD", 300)  # seconds
API_CACHE_COUNTS = True
API_MAX_BODY = env.number("API_MAX_BODY", 10 * 1024 * 1024)  # bytes of a body
DATA_UPLOAD_MAX_MEMORY_SIZE = API_MAX_BODY
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000  # a console form with more devices than a request takes is told so
FILE_UPLOAD_MAX_MEMORY_SIZE = API_MAX_BODY
FILE_UPLOAD_HANDLERS = ["config.uploads.MemoryOnly"]  # uploads hold secrets: none is ever written to a temporary file

# Metrics ------------------------------------------------------------------------------------------------------------
METRICS_TOKEN = env.secret("METRICS_TOKEN")  # empty: only callers on this machine
METRICS_COLLECTORS = [f"{room}.metrics.collect" for room in ("config", "tenants", "devices", "commands", "onboarding")]

# Apps ---------------------------------------------------------------------------------------------------------------
APP_UPLOAD_MAX = env.number("APP_UPLOAD_MAX", 4 * 1024 * 1024 * 1024)  # bytes of an app that is uploaded
DOWNLOAD_URL_SECONDS = env.number("DOWNLOAD_URL_SECONDS", 3600)  # addresses of apps and icons that the API gives
MANIFEST_URL_SECONDS = env.number("MANIFEST_URL_SECONDS", 24 * 3600)  # those that a device is given to install an app

# Secrets at rest ----------------------------------------------------------------------------------------------------
ENCRYPTION_KEYS = env.secret("ENCRYPTION_KEYS", "dev:bXVzdGVyLWRldmVsb3BtZW50LWtleS0zMi1ieXRlcyE=")

# Devices ------------------------------------------------------------------------------------------------------------
ANDROID_ONLINE_SECONDS = env.number("ANDROID_ONLINE_SECONDS", 15 * 60)
APPLE_ONLINE_SECONDS = env.number("APPLE_ONLINE_SECONDS", 24 * 3600)
HEARTBEAT_STATUS_SECONDS = env.number("HEARTBEAT_STATUS_SECONDS", 30 * 60)

# Commands -----------------------------------------------------------------------------------------------------------
FAN_OUT_SLICE = env.number("FAN_OUT_SLICE", 5000)  # devices per transaction
COMMAND_QUEUE_TTL = env.number("COMMAND_QUEUE_TTL", 0)  # seconds a queued command waits for its device; 0 = for ever
COMMAND_TIME_OUTS = env.numbers("COMMAND_TIME_OUTS")  # seconds by command, instead of the catalogue's
RECURRING_STOPS_AFTER_SUCCESS = env.flag("RECURRING_STOPS_AFTER_SUCCESS", default=False)  # else again in each window
SCHEDULES_ANDROID_ONLY = env.flag("SCHEDULES_ANDROID_ONLY", default=False)  # refuse scheduled commands to Apple devices
RESULT_RETENTION_DAYS = env.number("RESULT_RETENTION_DAYS", 30)
POLICY_URL_HOSTS = frozenset(host.lower() for host in env.words("POLICY_URL_HOSTS"))  # private ones, and http, allowed
DRIFT_REFRESH_HOURS = env.number("DRIFT_REFRESH_HOURS", 24)  # age at which a device is asked what it has; 0 = never
COMMAND_RETENTION_DAYS = env.number("COMMAND_RETENTION_DAYS", 90)  # rows of ended commands; 0 = for ever

# Apps ---------------------------------------------------------------------------------------------------------------
STORE_URL = env.web_url(
    "STORE_URL",
    env.text("STORE_URL", "https://uclient-api.itunes.apple.com/WebObjects/MZStorePlatform.woa/wa/lookup"),
)
STORE_ICON_HOSTS = env.words("STORE_ICON_HOSTS", ("https://*.mzstatic.com",))  # browsers in the console load from them
STORE_REFRESH_HOURS = env.number("STORE_REFRESH_HOURS", 24)  # age at which a kept record of the store is refreshed
STORE_CALLS_PER_MINUTE = env.number("STORE_CALLS_PER_MINUTE", 20)  # refreshes; Apple throttles those who ask more

# Apple channel ------------------------------------------------------------------------------------------------------
APNS_HOST = env.text("APNS_HOST", "api.push.apple.com")
APNS_PORT = env.number("APNS_PORT", 443)
APNS_CA_FILE = env.text("APNS_CA_FILE")
VPP_URL = env.web_url("VPP_URL", env.text("VPP_URL", "https://vpp.itunes.apple.com/mdm/v2"))  # Apps and Books
DEP_URL = env.web_url("DEP_URL", env.text("DEP_URL", "https://mdmenrollment.apple.com"))  # device assignment
DEP_SYNC_SECONDS = env.number("DEP_SYNC_SECONDS", 3600)  # between two readings of an MDM server at Apple
DEP_SYNC_RETENTION_DAYS = env.number("DEP_SYNC_RETENTION_DAYS", 30)
DEP_ANCHOR_CERTIFICATES = env.secret("DEP_ANCHOR_CERTIFICATES")  # PEM; what devices in set-up trust this server by
ADE_DEVICE_CA_FILE = env.text("ADE_DEVICE_CA_FILE")  # PEM; issuers of devices beside the ones that come with Muster
ADE_RELEASE_SECONDS = env.number("ADE_RELEASE_SECONDS", 900)  # that the set-up assistant waits at most
SEAMLESS_RETENTION_DAYS = env.number("SEAMLESS_RETENTION_DAYS", 90)  # uploads of expected devices; 0 = for ever
PUSH_REPEAT_SECONDS = env.number("PUSH_REPEAT_SECONDS", 3600)  # push again for what still waits
REDELIVER_SECONDS = env.number("REDELIVER_SECONDS", 30)  # push again for a lost answer; doubles with each delivery
ENROLMENT_CHALLENGE_HOURS = env.number("ENROLMENT_CHALLENGE_HOURS", 24)
IDENTITY_RENEWAL_DAYS = env.number("IDENTITY_RENEWAL_DAYS", 60)  # before a device's certificate expires
PROFILE_SIGNING_CERTIFICATE = env.secret("PROFILE_SIGNING_CERTIFICATE")  # PEM, chain after it; else the tenant's own
PROFILE_SIGNING_KEY = env.secret("PROFILE_SIGNING_KEY")
MDM_VENDOR_CERTIFICATE = env.secret("MDM_VENDOR_CERTIFICATE")  # PEM, chain after it; signs requests for Apple's portal
MDM_VENDOR_KEY = env.secret("MDM_VENDOR_KEY")
MDM_CERTIFICATE_HEADER = env.text("MDM_CERTIFICATE_HEADER")  # e.g. X-SSL-Client-Cert; off by default
