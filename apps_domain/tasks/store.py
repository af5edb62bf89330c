"""Work on records of the store."""

from apps_domain.services.store_refresh import refresh_store_apps
from config.celery import app


@app.task(name="apps_domain.refresh_store_apps")
def refresh_old_store_apps() -> None:
    refresh_store_apps()
