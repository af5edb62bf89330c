"""Working rows off: in slices, by several workers, killed anywhere, with and without a broker."""

import datetime as dt
from io import BytesIO
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from devices.models import Device, DeviceState
from onboarding.models import SeamlessIdentifier, SeamlessRegistration, SeamlessRow, SeamlessUpload
from onboarding.services.seamless import working
from onboarding.services.seamless.retention import prune_uploads
from onboarding.services.seamless.uploads import create_upload
from onboarding.services.seamless.working import work_off, work_slice
from onboarding.tasks.seamless import prune_old_uploads, sweep_uploads
from tenants.models import Tenant
from tests.factories.blueprints import BlueprintFactory
from tests.factories.devices import DeviceFactory, some_devices
from tests.factories.seamless import expect
from tests.factories.tenants import ACTOR
from tests.factories.threads import all_at_once

IMEI, OTHER_IMEI = "490154203237518", "356938035643809"
Status = SeamlessRow.Status


@pytest.fixture
def _small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "SLICE", 3)


def uploaded(tenant: Tenant, *lines: str, header: str = "serial,imei1,alias", **options: Any) -> SeamlessUpload:
    """Taken in, and not worked off."""
    text = "\n".join([header, *lines])
    options.setdefault("blueprint", tenant.blueprints.first() or BlueprintFactory(tenant))
    source = SeamlessUpload.Source.CONSOLE
    return create_upload(tenant=tenant, actor=ACTOR, file=BytesIO(text.encode()), source=source, **options)


def statuses(upload: SeamlessUpload) -> list[str]:
    return list(upload.rows.order_by("line").values_list("status", flat=True))


def registered() -> dict[str, tuple[str, ...]]:
    """The identifiers of each registration, by its alias."""
    return {
        row.alias: tuple(row.identifiers.order_by("-kind", "value").values_list("value", flat=True))
        for row in SeamlessRegistration.objects.order_by("alias")
    }


@pytest.mark.usefixtures("_small_slices")
def test_goes_slice_by_slice_until_all_have_ended(tenant: Tenant) -> None:
    upload = uploaded(tenant, *(f"A{number}" for number in range(7)))

    more = [work_slice(upload.pk) for _ in range(3)]

    assert more == [True, True, False]
    assert statuses(upload) == [Status.SUCCESS] * 7
    upload.refresh_from_db()
    assert upload.ended_at is not None
    assert not work_slice(upload.pk)


@pytest.mark.usefixtures("_small_slices")
def test_a_worker_that_dies_leaves_whole_slices(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = uploaded(tenant, *(f"A{number}" for number in range(5)))
    work_slice(upload.pk)
    monkeypatch.setattr(working, "_save", lambda verdicts: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        work_slice(upload.pk)
    monkeypatch.undo()

    assert statuses(upload) == [*[Status.SUCCESS] * 3, *[Status.IN_QUEUE] * 2]
    assert SeamlessRegistration.objects.count() == 3
    work_off(upload.pk)
    assert statuses(upload) == [Status.SUCCESS] * 5


def test_beat_finds_what_no_nudge_reached(tenant: Tenant) -> None:
    upload = uploaded(tenant, "A1")
    sweep_uploads()
    assert statuses(upload) == [Status.IN_QUEUE]  # its nudge may be on its way

    caches["default"].clear()
    SeamlessUpload.objects.update(created_at=timezone.now() - dt.timedelta(minutes=1))
    sweep_uploads()

    assert statuses(upload) == [Status.SUCCESS]


def test_the_queries_of_a_slice_do_not_grow_with_it(tenant: Tenant) -> None:
    devices = some_devices(12, tenant=tenant, state=DeviceState.REGISTERED)
    counts = []
    for part in (devices[:2], devices[2:]):
        upload = uploaded(tenant, *(f"{each.serial},,Alias" for each in part), *(f"N{each.serial}" for each in part))
        with CaptureQueriesContext(connection) as queries:
            work_slice(upload.pk)
        counts.append(len(queries))
        assert set(statuses(upload)) == {Status.SUCCESS}

    assert counts[0] == counts[1] <= 30
    assert Device.objects.filter(is_seamless=True).count() == 12


def test_a_row_that_corrects_an_imei_replaces_it(tenant: Tenant) -> None:
    work_off(uploaded(tenant, f"A1,{IMEI},First").pk)
    work_off(uploaded(tenant, f"A1,{OTHER_IMEI},Second").pk)

    assert registered() == {"Second": ("A1", OTHER_IMEI)}


def test_a_row_with_another_serial_number_takes_the_imei_and_leaves_the_rest(tenant: Tenant) -> None:
    work_off(uploaded(tenant, f"A1,{IMEI},First").pk)
    work_off(uploaded(tenant, f"A2,{IMEI},Second").pk)

    assert registered() == {"First": ("A1",), "Second": ("A2", IMEI)}


def test_a_serial_number_joins_who_was_known_by_an_imei_alone(tenant: Tenant) -> None:
    work_off(uploaded(tenant, f",{IMEI},First").pk)
    work_off(uploaded(tenant, f"A1,{IMEI},Second", f"A2,{OTHER_IMEI},Other").pk)

    assert registered() == {"Other": ("A2", OTHER_IMEI), "Second": ("A1", IMEI)}


def test_a_registration_that_loses_its_last_identifier_goes(tenant: Tenant) -> None:
    work_off(uploaded(tenant, f",{IMEI},First", "A1,,Second").pk)
    work_off(uploaded(tenant, f"A1,{IMEI},Third").pk)

    assert registered() == {"Third": ("A1", IMEI)}


def test_what_was_given_is_due_again_when_a_later_row_says_so(tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant, serial="A1", state=DeviceState.REGISTERED)
    work_off(uploaded(tenant, "A1,,First").pk)
    work_off(uploaded(tenant, "A1,,Second").pk)

    device.refresh_from_db()
    assert device.alias == "Second"
    assert SeamlessRegistration.objects.get().device == device


def test_a_device_that_was_removed_waits_until_it_comes_back(tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant, serial="A1", state=DeviceState.DISABLED)

    upload = uploaded(tenant, "A1,,Till")
    work_off(upload.pk)

    assert statuses(upload) == [Status.SUCCESS]
    device.refresh_from_db()
    assert device.alias == ""
    assert SeamlessRegistration.objects.get().applied_at is None


@pytest.mark.parametrize(
    ("device", "line"),
    [
        ({"serial": "A1", "network_info": {"imei1": IMEI}}, f"B2,{IMEI},"),
        ({"serial": "A1", "network_info": {"imei2": IMEI}}, f"B2,{IMEI},"),
    ],
)
def test_identifiers_that_are_not_one_devices_fail(tenant: Tenant, device: dict[str, Any], line: str) -> None:
    DeviceFactory(tenant=tenant, state=DeviceState.REGISTERED, **device)

    upload = uploaded(tenant, line)
    work_off(upload.pk)

    assert upload.rows.values_list("meta__code", flat=True).get() == "AMBIGUOUS"


def test_an_enrolled_device_is_known_by_what_it_came_under_too(tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant, serial="A1")
    expect(tenant, serial="A1", imei=IMEI, device=device, applied_at=timezone.now(), alias="Given")

    upload = uploaded(tenant, f",{IMEI},Another")
    work_off(upload.pk)

    assert upload.rows.values_list("meta__code", flat=True).get() == "ENROLLED"
    assert registered() == {"Given": ("A1", IMEI)}


@pytest.mark.django_db(transaction=True)
def test_two_workers_share_the_uploads_and_make_nothing_twice(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "SLICE", 10)
    with transaction.atomic():
        uploads = [uploaded(tenant, *(f"A{number},,{name}" for number in range(40))) for name in ("x", "y")]
    SeamlessRow.objects.update(status=Status.IN_QUEUE)
    SeamlessUpload.objects.update(ended_at=None)

    all_at_once(*(lambda each=each: work_off(each.pk) for each in (*uploads, *uploads)))
    for each in uploads:
        work_off(each.pk)

    for each in uploads:
        assert statuses(each) == [Status.SUCCESS] * 40
    assert SeamlessRegistration.objects.count() == SeamlessIdentifier.objects.count() == 40


def test_old_uploads_go_and_who_is_expected_stays(tenant: Tenant, settings: Any) -> None:
    old, new = uploaded(tenant, "A1"), uploaded(tenant, "A2")
    for each in (old, new):
        work_off(each.pk)
    open_one = uploaded(tenant, "A3")
    SeamlessUpload.objects.filter(pk=old.pk).update(ended_at=timezone.now() - dt.timedelta(days=100))

    settings.SEAMLESS_RETENTION_DAYS = 0
    prune_old_uploads()
    assert SeamlessUpload.objects.count() == 3
    assert prune_uploads(older_than=dt.timedelta(days=90)) == 1

    assert set(SeamlessUpload.objects.all()) == {new, open_one}
    assert SeamlessRegistration.objects.count() == 2
