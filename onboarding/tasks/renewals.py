"""Renewal of devices' identities, and what is left of identities that nobody fetched."""

from config.celery import app
from onboarding.services.renewals import prune_challenges, renew_identities


@app.task(name="onboarding.renew_identities")
def renew_expiring_identities() -> None:
    """Daily; safe to run twice."""
    renew_identities()


@app.task(name="onboarding.prune_challenges")
def prune_old_challenges() -> None:
    """Daily; each profile that is handed out has one, also those that are never installed."""
    prune_challenges()
