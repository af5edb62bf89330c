"""Celery's part of the apps: each task calls one function, and is safe to run twice."""

from apps_domain.services.store_refresh import refresh_store_apps
from config.celery import app


@app.task(name="apps_domain.refresh_store_apps")
def refresh_old_store_apps() -> None:
    refresh_store_apps()
