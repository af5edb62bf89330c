"""Sealed columns: encrypted, bound to their place, under keys that can be changed."""

import base64
import uuid
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from pytest_django import Settings

from commands.models import CommandRequest
from tenants.models import Tenant
from tenants.sealing import SealError, context_of, seal, unseal
from tests.factories.commands import CommandRequestFactory


def key(letter: str, length: int = 32) -> str:
    return base64.b64encode(letter.encode() * length).decode()


OLD, NEW = f"old:{key('o')}", f"new:{key('n')}"


@pytest.fixture(autouse=True)
def _old_key(settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = OLD


@pytest.fixture
def row(tenant: Tenant) -> CommandRequest:
    return CommandRequestFactory(tenant=tenant, secret_args=b'{"a": "secret"}')


def stored(row: CommandRequest) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret_args FROM commands_commandrequest WHERE id = %s", [row.pk])
        return bytes(cursor.fetchone()[0])


def reread(row: CommandRequest) -> Any:
    return CommandRequest.objects.get(pk=row.pk)


def test_what_is_read_is_what_was_written(row: CommandRequest) -> None:
    assert row.secret_args == reread(row).secret_args == b'{"a": "secret"}'


def test_what_lies_in_the_database_says_nothing(row: CommandRequest) -> None:
    assert b"secret" not in stored(row)
    assert stored(row).startswith(b"\x01\x03old")


def test_the_same_secret_looks_different_each_time(tenant: Tenant) -> None:
    first, second = (CommandRequestFactory(tenant=tenant, secret_args=b"x" * 50) for _ in range(2))

    assert stored(first)[-60:] != stored(second)[-60:]


def test_no_secret_is_stored_as_none(tenant: Tenant) -> None:
    row = CommandRequestFactory(tenant=tenant)

    assert reread(row).secret_args is None


def test_saving_what_was_read_keeps_it(row: CommandRequest) -> None:
    before = stored(row)
    reread(row).save()

    assert stored(row) == before
    assert reread(row).secret_args == b'{"a": "secret"}'


def test_a_column_that_was_not_loaded_opens_when_asked_for(row: CommandRequest) -> None:
    deferred = CommandRequest.objects.defer("secret_args").get(pk=row.pk)

    assert deferred.secret_args == b'{"a": "secret"}'


def test_after_a_rotation_the_old_key_still_opens_and_the_new_one_seals(
    row: CommandRequest, tenant: Tenant, settings: Settings
) -> None:
    settings.ENCRYPTION_KEYS = f"{NEW}, {OLD}"

    young = CommandRequestFactory(tenant=tenant, secret_args=b"young")

    assert reread(row).secret_args == b'{"a": "secret"}'
    assert stored(young).startswith(b"\x01\x03new")


def test_a_key_that_is_gone_is_named(row: CommandRequest, settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = NEW

    with pytest.raises(SealError, match="the key 'old' is not in ENCRYPTION_KEYS"):
        _ = reread(row).secret_args


def test_another_key_of_the_same_name_does_not_open(row: CommandRequest, settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = f"old:{key('x')}"

    with pytest.raises(SealError, match="belongs elsewhere or is damaged"):
        _ = reread(row).secret_args


def test_a_value_moved_to_another_row_does_not_open(row: CommandRequest, tenant: Tenant) -> None:
    other = CommandRequestFactory(tenant=tenant)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE commands_commandrequest SET secret_args = %s WHERE id = %s", [stored(row), other.pk])

    with pytest.raises(SealError, match="belongs elsewhere or is damaged"):
        _ = reread(other).secret_args


def test_a_value_moved_to_another_column_or_table_does_not_open() -> None:
    row_id = uuid.uuid4()
    sealed = seal(b"secret", context=context_of(CommandRequest, "secret_args", row_id))

    for model, column in ((CommandRequest, "reason"), (Tenant, "secret_args")):
        with pytest.raises(SealError):
            unseal(sealed, context=context_of(model, column, row_id))


@pytest.mark.parametrize("position", [0, 1, 2, 6, 20, -1])
def test_a_damaged_value_does_not_open(position: int) -> None:
    sealed = bytearray(seal(b"secret", context="here"))
    sealed[position] ^= 0xFF

    with pytest.raises(SealError):
        unseal(bytes(sealed), context="here")


@pytest.mark.parametrize("length", range(30))
def test_a_value_cut_short_does_not_open(length: int) -> None:
    with pytest.raises(SealError):
        unseal(seal(b"secret", context="here")[:length], context="here")


@pytest.mark.parametrize("plain", [b"", b"x", b"\0" * 10_000], ids=len)
def test_any_bytes_can_be_sealed(plain: bytes) -> None:
    assert unseal(seal(plain, context="here"), context="here") == plain


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("", "ENCRYPTION_KEYS is empty"),
        (" , ", "ENCRYPTION_KEYS is empty"),
        ("no-colon", "must be `id:base64 of 32 bytes`"),
        (f":{key('x')}", "must be `id:base64 of 32 bytes`"),
        (f"a:{key('x', 16)}", "must be `id:base64 of 32 bytes`"),
        ("a:not base64", "must be `id:base64 of 32 bytes`"),
        (f"{'a' * 33}:{key('x')}", "must be `id:base64 of 32 bytes`"),
        (f"{OLD},{OLD}", "two keys are called 'old'"),
        (f"schlüssel:{'ü' * 44}", "must be `id:base64 of 32 bytes`"),
    ],
    ids=str,
)
def test_keys_that_are_none_are_said_to_be(settings: Settings, keys: str, message: str) -> None:
    settings.ENCRYPTION_KEYS = keys

    with pytest.raises(ImproperlyConfigured, match=message):
        seal(b"secret", context="here")


def test_an_error_about_keys_does_not_show_them(settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = "a:hunter2"

    with pytest.raises(ImproperlyConfigured) as caught:
        seal(b"secret", context="here")
    assert "hunter2" not in str(caught.value)
