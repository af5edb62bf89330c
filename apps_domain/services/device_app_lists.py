"""The apps of ours on a device, brought in line with what it lists."""

import uuid

from django.db import transaction
from django.utils import timezone

from apps_domain.models import DeviceApp
from apps_domain.selectors.device_apps import Candidate, ManagedApp, managed_apps


@transaction.atomic
def reconcile_device_apps(device_id: uuid.UUID) -> None:
    """After a list of the device's installed or managed apps. Two statements when nothing has changed.

    An app that is not managed any more is gone; one that an install recorded keeps its configuration, and stays what
    it was installed as. A managed app that is none of ours, which another server installed before, is left out.
    """
    known = {row.bundle_id: row for row in DeviceApp.objects.filter(device_id=device_id).defer("app_config")}
    listed = managed_apps(device_id)
    if gone := known.keys() - {app.bundle_id for app in listed}:
        DeviceApp.objects.filter(device_id=device_id, bundle_id__in=gone).delete()
    made = [row for app in listed if (row := _changed(device_id, app, known.get(app.bundle_id))) is not None]
    if made:
        DeviceApp.objects.bulk_create(
            made,
            batch_size=500,
            update_conflicts=True,
            unique_fields=["device", "bundle_id"],
            update_fields=["app_type", "app_id", "app_version_id", "version", "updated_at"],
        )


def _changed(device_id: uuid.UUID, app: ManagedApp, row: DeviceApp | None) -> DeviceApp | None:
    """What the app's row is to be; None if it is that already, or if the app is none of ours."""
    found = _chosen(app, row)
    if found is None:
        return None
    told = (found.app_type, found.app_id, found.version_id, app.version)
    if row is not None and told == (row.app_type, row.app_id, row.app_version_id, row.version):
        return None
    now = timezone.now()
    return DeviceApp(
        tenant_id=app.tenant_id,
        device_id=device_id,
        bundle_id=app.bundle_id,
        app_type=found.app_type,
        app_id=found.app_id,
        app_version_id=found.version_id,
        version=app.version,
        app_config=None,
        created_at=now,
        updated_at=now,
    )


def _chosen(app: ManagedApp, row: DeviceApp | None) -> Candidate | None:
    """What it was already; else the first of those whose version is known here, or the first of all."""
    if row is None:
        return next((found for found in app.candidates if found.version_id), next(iter(app.candidates), None))
    same = (found for found in app.candidates if (found.app_type, found.app_id) == (row.app_type, row.app_id))
    found = next(same, None)
    if found is not None and found.version_id:
        return found
    # Its version was deleted here, or its app: the device has it still.
    return Candidate(row.app_type, row.app_id, row.app_version_id if row.version == app.version else None)
