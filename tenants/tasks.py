"""Celery's part of this room."""

from config.celery import app
from tenants.services import expiry_warnings


@app.task(name="tenants.warn_of_expiry")
def warn_of_expiry() -> None:
    """Hourly; safe to run twice."""
    expiry_warnings.warn_of_expiry()
