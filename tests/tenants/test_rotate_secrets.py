"""manage.py rotate_secrets"""

import io
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, models, transaction
from pytest_django import Settings

from commands.models import AppleEnrolment, CommandRequest
from tenants.models import ApnsCertificate, DepToken, Tenant, VppToken
from tenants.sealing import SealedField, context_of, seal
from tenants.services import secrets
from tenants.services.secrets import rotate_secrets, sealed_tables
from tests.factories.apns_certificates import waiting_certificate
from tests.factories.apple_tokens import CompletedDepTokenFactory
from tests.factories.apps import StoreAppFactory, on_a_device
from tests.factories.blueprints import BlueprintFactory
from tests.factories.commands import AppleEnrolmentFactory, CommandRequestFactory
from tests.factories.devices import DeviceFactory
from tests.factories.licences import LocationFactory
from tests.factories.sealing import key
from tests.factories.tenants import with_authority
from tests.factories.threads import all_at_once
from tests.factories.waiting import until, waiting_for_locks

OLD, NEW = key("old"), key("new")


@pytest.fixture(autouse=True)
def _old_key(settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = OLD


def add_key(settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = f"{NEW},{OLD}"


def rotate(*arguments: str) -> tuple[int, str, str]:
    """Exit code, output, errors."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("rotate_secrets", *arguments, stdout=out, stderr=err)
    except CommandError as error:
        return error.returncode, out.getvalue(), f"{err.getvalue()}{error}"
    return 0, out.getvalue(), err.getvalue()


def stored(model: type[models.Model], column: str) -> list[bytes]:
    """As it lies in the database, by primary key."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {model._meta.db_table} WHERE {column} IS NOT NULL ORDER BY id")
        return [bytes(row[0]) for row in cursor.fetchall()]


def requests(tenant: Tenant, count: int) -> list[CommandRequest]:
    rows = [CommandRequestFactory(tenant=tenant, secret_args=f"secret {number}".encode()) for number in range(count)]
    return sorted(rows, key=lambda row: row.pk)


def spoil(row: models.Model, column: str, value: bytes) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {row._meta.db_table} SET {column} = %s WHERE id = %s", [value, row.pk])


def is_new(value: bytes) -> bool:
    return value.startswith(b"\x01\x03new")


def test_every_kind_of_secret_of_every_tenant_is_sealed_anew(
    tenant: Tenant, other_tenant: Tenant, settings: Settings
) -> None:
    for each in (tenant, other_tenant):
        with_authority(each)
        waiting_certificate(each)
        CompletedDepTokenFactory(each)
        LocationFactory(each)  # and its VPP token
        on_a_device(StoreAppFactory(each))
        BlueprintFactory(each, ios={"wifi_networks": [{"ssid": "Office", "password": "planted"}]})
        AppleEnrolmentFactory(device=DeviceFactory(tenant=each), unlock_token=b"unlock", bootstrap_token=b"bootstrap")
        requests(each, 1)
    add_key(settings)

    code, out, _ = rotate()

    assert code == 0
    for table in sealed_tables():
        for column in table.columns:
            values = stored(table.model, column)
            assert len(values) == 2, f"{table.name}.{column} is not tried here"
            assert all(is_new(value) for value in values)
        assert f"  {table.name}: {2 * len(table.columns)} values\n" in out
    assert CommandRequest.objects.get(tenant=tenant).secret_args == b"secret 0"
    assert DepToken.objects.get(tenant=other_tenant).consumer_secret == b"CS_planted-consumer-secret"
    assert VppToken.objects.get(tenant=tenant).token == b"planted-vpp-token/+="
    assert AppleEnrolment.objects.get(tenant=other_tenant).bootstrap_token == b"bootstrap"


def test_every_sealed_column_of_the_project_is_found() -> None:
    found = {(table.model, field) for table in sealed_tables() for field in table.fields}

    assert {model for model, _ in found} > {ApnsCertificate, AppleEnrolment, CommandRequest, DepToken, VppToken}
    assert all(isinstance(field, SealedField) for _, field in found)


def test_a_secret_that_is_not_there_stays_so(tenant: Tenant, settings: Settings) -> None:
    row = AppleEnrolmentFactory(device=DeviceFactory(tenant=tenant), push_token=None, unlock_token=b"unlock")
    add_key(settings)

    assert rotate()[0] == 0

    row.refresh_from_db()
    assert (row.push_token, row.unlock_token, row.bootstrap_token) == (None, b"unlock", None)
    assert is_new(stored(AppleEnrolment, "unlock_token")[0])


def test_what_lies_under_the_first_key_is_left_alone(tenant: Tenant, settings: Settings) -> None:
    add_key(settings)
    requests(tenant, 2)
    before = stored(CommandRequest, "secret_args")

    code, out, _ = rotate()

    assert (code, stored(CommandRequest, "secret_args")) == (0, before)
    assert "  0 values in all, under the key 'new'" in out


def test_it_says_which_keys_may_go(tenant: Tenant, settings: Settings) -> None:
    requests(tenant, 3)
    settings.ENCRYPTION_KEYS = f"{NEW},{OLD},{key('ancient')}"

    before, after = rotate("--dry-run")[1], rotate()[1]

    assert "'new': 0 values; seals\n  'old': 3 values; still needed\n" in before
    assert "'ancient': 0 values; may be removed from ENCRYPTION_KEYS\n" in before
    assert "'new': 3 values; seals\n  'old': 0 values; may be removed from ENCRYPTION_KEYS\n" in after


def test_without_the_old_key_everything_still_opens(tenant: Tenant, settings: Settings) -> None:
    requests(tenant, 3)
    add_key(settings)
    rotate()
    settings.ENCRYPTION_KEYS = NEW

    opened = [row.secret_args for row in CommandRequest.objects.order_by("created_at")]

    assert opened == [b"secret 0", b"secret 1", b"secret 2"]


def test_a_dry_run_changes_nothing(tenant: Tenant, settings: Settings) -> None:
    requests(tenant, 3)
    before = stored(CommandRequest, "secret_args")
    add_key(settings)

    code, out, _ = rotate("--dry-run")

    assert (code, stored(CommandRequest, "secret_args")) == (0, before)
    assert "Would be sealed anew:\n  commands_commandrequest: 3 values\n" in out


def test_what_does_not_open_is_named_and_stops_nothing(tenant: Tenant, settings: Settings) -> None:
    lost, moved, cut, good = requests(tenant, 4)
    settings.ENCRYPTION_KEYS = key("gone")
    spoil(lost, "secret_args", seal(b"hunter2", context=context_of(CommandRequest, "secret_args", lost.pk)))
    add_key(settings)
    spoil(moved, "secret_args", stored(CommandRequest, "secret_args")[3])
    spoil(cut, "secret_args", b"\x01")
    before = stored(CommandRequest, "secret_args")

    code, out, err = rotate()

    table = "Does not open: commands_commandrequest.secret_args of row"
    assert code == 1
    assert f"{table} {lost.pk}: the key 'gone' is not in ENCRYPTION_KEYS." in err
    assert f"{table} {moved.pk}: the sealed value belongs elsewhere or is damaged." in err
    assert f"{table} {cut.pk}: not a sealed value." in err
    assert err.endswith("3 values do not open and were left as they are; see above.")
    after = stored(CommandRequest, "secret_args")
    assert (after[:3], is_new(after[3])) == (before[:3], True)
    assert CommandRequest.objects.get(pk=good.pk).secret_args == good.secret_args
    assert "'gone': 1 value; this key is not in ENCRYPTION_KEYS\n" in out
    assert "'old': 1 value; still needed\n" in out
    assert "(damaged): 1 value\n" in out


def test_nothing_of_the_contents_is_shown(tenant: Tenant, settings: Settings, caplog: Any) -> None:
    row = CommandRequestFactory(tenant=tenant, secret_args=b"hunter2")
    spoil(row, "secret_args", b"hunter2 in the clear")
    CommandRequestFactory(tenant=tenant, secret_args=b"hunter2")
    add_key(settings)

    code, out, err = rotate()

    assert code == 1
    assert "hunter2" not in f"{out}{err}{caplog.text}"
    assert OLD.partition(":")[2] not in f"{out}{err}{caplog.text}"


def test_many_that_do_not_open_are_counted_and_not_all_listed(
    tenant: Tenant, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenants.management.commands.rotate_secrets.LISTED", 2)
    requests(tenant, 4)
    settings.ENCRYPTION_KEYS = NEW

    code, _, err = rotate()

    assert (code, err.count("Does not open")) == (1, 2)
    assert err.endswith("4 values do not open and were left as they are; see above.")


@pytest.mark.parametrize("batch", [1, 2, 3, 4])
def test_rows_are_taken_some_at_a_time(tenant: Tenant, settings: Settings, batch: int) -> None:
    requests(tenant, 3)
    add_key(settings)
    slices: list[int] = []

    assert rotate_secrets(batch=batch, told=lambda table, values: slices.append(values)).total() == 3
    assert slices == {1: [1, 1, 1], 2: [2, 1], 3: [3], 4: [3]}[batch]


def test_large_values_are_taken_one_by_one(tenant: Tenant, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "BATCH_BYTES", 5000)
    for size in (2000, 2000, 20_000, 10, 10):
        CommandRequestFactory(tenant=tenant, secret_args=b"x" * size)
    add_key(settings)
    sizes: list[int] = []

    rotate_secrets(told=lambda table, values: sizes.append(values))

    assert (sum(sizes), max(sizes) < 5) == (5, True)
    assert all(is_new(value) for value in stored(CommandRequest, "secret_args"))


def test_the_memory_does_not_grow_with_the_rows(
    tenant: Tenant, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "BATCH_BYTES", 100_000)
    sealed = [
        CommandRequest(tenant=tenant, command_type="DEVICE", command="LOCK", secret_args=b"x" * 20_000)
        for _ in range(200)
    ]
    CommandRequest.objects.bulk_create(sealed)
    del sealed
    add_key(settings)

    tracemalloc.start()
    try:
        assert rotate_secrets().total() == 200
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_a_run_that_was_stopped_is_continued_by_the_next(tenant: Tenant, settings: Settings) -> None:
    requests(tenant, 5)
    add_key(settings)

    def stop(table: str, values: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotate_secrets(batch=2, told=stop)
    assert [is_new(value) for value in stored(CommandRequest, "secret_args")] == [True, True, False, False, False]

    assert "commands_commandrequest: 3 values" in rotate("--batch", "2")[1]
    assert all(is_new(value) for value in stored(CommandRequest, "secret_args"))


@pytest.mark.django_db(transaction=True)
def test_a_row_that_is_written_meanwhile_keeps_what_was_written(tenant: Tenant, settings: Settings) -> None:
    (row,) = requests(tenant, 1)
    add_key(settings)

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            mine = CommandRequest.objects.select_for_update().get(pk=row.pk)
            running = pool.submit(all_at_once, rotate_secrets)
            until(lambda: waiting_for_locks() == 1)
            mine.secret_args = b"written meanwhile"
            mine.save(update_fields=["secret_args"])
        running.result(timeout=10)

    assert CommandRequest.objects.get(pk=row.pk).secret_args == b"written meanwhile"
    assert is_new(stored(CommandRequest, "secret_args")[0])


@pytest.mark.django_db(transaction=True)
def test_two_at_once_do_it_once(tenant: Tenant, settings: Settings) -> None:
    requests(tenant, 30)
    add_key(settings)
    done: list[int] = []

    all_at_once(*[lambda: done.append(rotate_secrets(batch=3).total())] * 2)

    assert sum(done) == 30
    assert all(is_new(value) for value in stored(CommandRequest, "secret_args"))


def test_a_row_that_was_read_before_is_saved_under_the_new_key(tenant: Tenant, settings: Settings) -> None:
    (row,) = requests(tenant, 1)
    read = CommandRequest.objects.get(pk=row.pk)
    add_key(settings)
    rotate()

    read.save()

    assert is_new(stored(CommandRequest, "secret_args")[0])
    assert CommandRequest.objects.get(pk=row.pk).secret_args == b"secret 0"


def test_a_row_that_does_not_open_can_be_saved_as_it_is(tenant: Tenant, settings: Settings) -> None:
    requests(tenant, 1)
    before = stored(CommandRequest, "secret_args")
    settings.ENCRYPTION_KEYS = NEW

    CommandRequest.objects.get().save()

    assert stored(CommandRequest, "secret_args") == before


@pytest.mark.parametrize("keys", ["", "hunter2", "a:hunter2"])
def test_keys_that_are_none_are_said_to_be(db: None, settings: Settings, keys: str) -> None:
    settings.ENCRYPTION_KEYS = keys

    code, _, err = rotate()

    assert (code, "ENCRYPTION_KEYS" in err, "hunter2" in err) == (1, True, False)


@pytest.mark.parametrize("batch", ["0", "-1", "x", "10001"])
def test_a_batch_that_is_none_is_refused(batch: str) -> None:
    with pytest.raises(CommandError, match="is not a number of rows from 1 to 10,000"):
        call_command("rotate_secrets", "--batch", batch)
