"""Renewal of devices' identities."""

from config.celery import app
from onboarding.services.renewals import renew_identities


@app.task(name="onboarding.renew_identities")
def renew_expiring_identities() -> None:
    """Daily; safe to run twice."""
    renew_identities()
