"""Typed readers of the environment. Every variable is listed in `.env.example`.

A secret may come from a file: `SECRET_KEY_FILE=/run/secrets/key` wins over `SECRET_KEY`.
"""

import os
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parent.parent
LOCAL_DATABASE = "postgresql://muster@127.0.0.1:5432/muster"
VAR = Path(os.environ.get("MUSTER_VAR") or ROOT / "var")

_reader = environ.Env()


def load() -> None:
    """Take settings from `.env`; without a database, from the file a running `make run` leaves for other shells.

    Never from that file in production: what is not set there must be missed.
    """
    environ.Env.read_env(str(ROOT / ".env"))
    production = os.environ.get("DJANGO_SETTINGS_MODULE", "").endswith(".production")
    given = any(os.environ.get(f"DATABASE_URL{ending}") for ending in ("", "_FILE"))
    if not production and not given and (VAR / "dev.env").exists():
        environ.Env.read_env(str(VAR / "dev.env"))


def text(name: str, default: str = "") -> str:
    return os.environ.get(name) or default


def flag(name: str, *, default: bool) -> bool:
    if not os.environ.get(name):
        return default
    word = os.environ[name].strip().lower()
    if word in {"1", "true", "yes", "on"}:
        return True
    if word in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} must be true or false, not {word!r}.")


def number(name: str, default: int) -> int:
    if not os.environ.get(name):
        return default
    try:
        return int(os.environ[name])
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {os.environ[name]!r}.") from None


def words(name: str, default: tuple[str, ...] = ()) -> list[str]:
    """A comma-separated list."""
    return [word.strip() for word in text(name).split(",") if word.strip()] or list(default)


def numbers(name: str) -> dict[str, int]:
    """`LOCK=300,WIPE=3600`: whole numbers above 0 by name."""
    pairs = [word.partition("=") for word in words(name)]
    if any(not key.strip() or not value.strip().isdecimal() or not int(value) for key, _, value in pairs):
        raise ImproperlyConfigured(f"{name} must be a list such as LOCK=300,WIPE=3600, not {text(name)!r}.")
    return {key.strip(): int(value) for key, _, value in pairs}


def choice(name: str, allowed: tuple[str, ...]) -> str:
    """One of `allowed`; the first is the default."""
    value = text(name, allowed[0])
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")
    return value


def secret(name: str, default: str = "") -> str:
    """The secret's text, from `<NAME>_FILE` if that is set."""
    path = os.environ.get(f"{name}_FILE")
    if not path:
        return text(name, default)
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE: cannot read {path}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ImproperlyConfigured(f"{name}_FILE: {path} is not text.") from None


def required(name: str) -> str:
    value = secret(name)
    if not value:
        raise ImproperlyConfigured(f"{name} (or {name}_FILE) must be set. See .env.example.")
    return value


def web_url(name: str, value: str) -> str:
    """The http(s) address `value` of the variable `name`, without a slash at its end."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ImproperlyConfigured(f"{name} must be an address such as https://mdm.example.org, not {value!r}.")
    return value.rstrip("/")


def host_of(url: str) -> str:
    """As ALLOWED_HOSTS wants it: IPv6 addresses in brackets."""
    host = urlsplit(url).hostname or ""
    return f"[{host}]" if ":" in host else host


def database(*, pool: bool = True) -> dict[str, object]:
    """Django's database settings from DATABASE_URL, with the pool sized for one process's threads."""
    url = secret("DATABASE_URL", LOCAL_DATABASE)
    if url.partition("://")[0] not in ("postgres", "postgresql"):
        raise ImproperlyConfigured("DATABASE_URL must name a PostgreSQL database (postgresql://…).")
    try:
        settings: dict[str, object] = dict(_reader.db_url_config(url))
    except ValueError:  # its text may show the password
        told = "DATABASE_URL is not a URL; special characters in its password are written %XX."
        raise ImproperlyConfigured(told) from None
    raw = settings.get("OPTIONS")
    options: dict[str, object] = dict(raw) if isinstance(raw, dict) else {}
    host = options.pop("host", None)
    if host:
        settings["HOST"] = host
    options["prepare_threshold"] = number("DATABASE_PREPARE_THRESHOLD", 5) or None
    pool_max = number("DATABASE_POOL_MAX", 8)
    if pool and pool_max:
        options["pool"] = {"min_size": 1, "max_size": pool_max, "timeout": 10}
    return {**settings, "OPTIONS": options, "CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": True}
