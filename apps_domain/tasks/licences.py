"""Work on licences. The rows say what is to be done; all tasks are safe to run twice."""

import uuid

from apps_domain.services.licence_events import check_event, drop_old_events, due_events
from apps_domain.services.licence_locations import find_new_tokens
from apps_domain.services.licence_notifications import drop_old_notifications
from apps_domain.services.licence_sending import locations_to_send, send_licences
from apps_domain.services.licence_sync import due_locations, sync_location
from config.celery import app

SWEEP_SECONDS = 5  # between two sweeps; what was not begun by then is swept again


@app.task(name="apps_domain.sweep_licences")
def sweep_licences() -> None:
    """Tokens that were uploaded, locations to read, licences to ask for, requests to ask about."""
    find_new_tokens()
    for location_id in due_locations():
        sync_licences_of.apply_async((str(location_id),), expires=SWEEP_SECONDS)
    for location_id in locations_to_send():
        send_licences_of.apply_async((str(location_id),), expires=SWEEP_SECONDS)
    for event_id in due_events():
        check_licence_event.apply_async((str(event_id),), expires=SWEEP_SECONDS)


@app.task(name="apps_domain.sync_licences_of", time_limit=6 * 3600, soft_time_limit=6 * 3600 - 60)
def sync_licences_of(location_id: str) -> None:
    """A location may have a million assignments: longer than other tasks may take."""
    if sync_location(uuid.UUID(location_id)):
        send_licences(uuid.UUID(location_id))


@app.task(name="apps_domain.send_licences_of")
def send_licences_of(location_id: str) -> None:
    send_licences(uuid.UUID(location_id))


@app.task(name="apps_domain.send_wanted_licences")
def send_wanted_licences() -> None:
    for location_id in locations_to_send():
        send_licences(location_id)


@app.task(name="apps_domain.check_licence_event")
def check_licence_event(event_id: str) -> None:
    check_event(uuid.UUID(event_id))


@app.task(name="apps_domain.drop_old_licence_events")
def drop_old_licence_events() -> None:
    drop_old_events()
    drop_old_notifications()
