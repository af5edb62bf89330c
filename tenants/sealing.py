"""Secrets at rest: columns sealed with AES-256-GCM under a rotating list of keys.

A sealed value is `version (1 byte) | key-id length (1) | key id | nonce (12) | ciphertext and tag`. Table, column and
row id are the associated data, so a value copied to another row or column does not open.
"""

import base64
import os
from functools import lru_cache
from typing import Any

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models

from config.api.errors import ApplicationError

log = structlog.get_logger(__name__)

MASK = "********"  # stands for a secret wherever people see it
VERSION = b"\x01"
NONCE_BYTES = 12


class SealError(ApplicationError):
    """A sealed value does not open: the key is missing from ENCRYPTION_KEYS, or the value was moved or damaged."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"A stored secret of this record cannot be opened: {reason}. Nothing was changed; ask the operator."
        )

    def __str__(self) -> str:
        return self.reason


@lru_cache(maxsize=4)
def _keys(text: str) -> dict[str, AESGCM]:
    """The key list in its order; the first key seals, all of them open."""
    keys: dict[str, AESGCM] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, _, encoded = entry.partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except ValueError:
            key = b""
        if not name.isascii() or not 1 <= len(name) <= 32 or len(key) != 32:
            raise ImproperlyConfigured("ENCRYPTION_KEYS must be `id:base64 of 32 bytes`, comma-separated.")
        if name in keys:
            raise ImproperlyConfigured(f"ENCRYPTION_KEYS: two keys are called {name!r}.")
        keys[name] = AESGCM(key)
    if not keys:
        raise ImproperlyConfigured("ENCRYPTION_KEYS is empty.")
    return keys


def key_ids() -> list[str]:
    """Of ENCRYPTION_KEYS; the first one seals."""
    return list(_keys(settings.ENCRYPTION_KEYS))


def beginning() -> bytes:
    """How every value begins that is sealed under the first key."""
    label = key_ids()[0].encode()
    return VERSION + bytes([len(label)]) + label


def seal(plain: bytes, *, context: str) -> bytes:
    key = next(iter(_keys(settings.ENCRYPTION_KEYS).values()))
    nonce = os.urandom(NONCE_BYTES)
    return beginning() + nonce + key.encrypt(nonce, plain, context.encode())


def unseal(sealed: bytes, *, context: str) -> bytes:
    length = sealed[1] if len(sealed) > 1 else 0
    if sealed[:1] != VERSION or len(sealed) < 2 + length + NONCE_BYTES:
        raise SealError("not a sealed value")
    name = sealed[2 : 2 + length].decode(errors="replace")
    key = _keys(settings.ENCRYPTION_KEYS).get(name)
    if key is None:
        raise SealError(f"the key {name!r} is not in ENCRYPTION_KEYS")
    body = sealed[2 + length :]
    try:
        return key.decrypt(body[:NONCE_BYTES], body[NONCE_BYTES:], context.encode())
    except InvalidTag:
        raise SealError("the sealed value belongs elsewhere or is damaged") from None


def sealed_anew(sealed: bytes, *, context: str) -> bytes:
    """Under the first key; as it is if it is that already, or does not open."""
    if sealed.startswith(beginning()):
        return sealed
    try:
        return seal(unseal(sealed, context=context), context=context)
    except SealError:
        return sealed


def context_of(model: type[models.Model], column: str, row_id: object) -> str:
    """The associated data that binds a sealed value to its place."""
    return f"{model._meta.db_table}.{column}.{row_id}"


class Sealed(bytes):
    """Ciphertext as it lies in the database."""

    __slots__ = ()


class _Unsealing:
    """Attribute access: opens what came from the database, keeps plain bytes that were assigned."""

    def __init__(self, field: "SealedField") -> None:
        self.field = field

    def __get__(self, instance: models.Model | None, owner: type[models.Model]) -> Any:
        if instance is None:
            return self
        if self.field.attname not in instance.__dict__:  # deferred column
            instance.refresh_from_db(fields=[self.field.attname])
        value = instance.__dict__[self.field.attname]
        return self._open(value, instance) if isinstance(value, Sealed) else value

    def _open(self, value: Sealed, instance: models.Model) -> bytes:
        context = self.field.context(instance)
        try:
            return unseal(value, context=context)
        except SealError as error:
            log.error("secret_not_opened", secret=context, reason=error.reason)
            raise

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = value.encode() if isinstance(value, str) else value


class SealedField(models.BinaryField):  # type: ignore[type-arg]
    """Bytes, encrypted at rest. Rows need a primary key before they are saved (a UUID default).

    `queryset.update()` and raw SQL bypass it: seal by hand with `seal(…, context=context_of(…))`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("null", True)
        kwargs.setdefault("blank", True)
        kwargs["editable"] = False
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """Always with `null`: Django leaves out what is its own default, which is not ours."""
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "null": self.null}

    def context(self, instance: models.Model) -> str:
        return context_of(type(instance), self.attname, instance.pk)

    def contribute_to_class(self, cls: type[models.Model], name: str, private_only: bool = False) -> None:
        super().contribute_to_class(cls, name, private_only)
        setattr(cls, self.attname, _Unsealing(self))

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Sealed | None:
        return None if value is None else Sealed(value)

    def pre_save(self, model_instance: models.Model, add: bool) -> bytes | None:
        value = model_instance.__dict__.get(self.attname)
        if value is None:
            return None
        context = self.context(model_instance)
        return sealed_anew(value, context=context) if isinstance(value, Sealed) else seal(bytes(value), context=context)
