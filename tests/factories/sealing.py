"""Keys of the secrets in the database."""

import base64

from pytest_django import Settings


def key(name: str, letter: str = "") -> str:
    """An entry of ENCRYPTION_KEYS."""
    return f"{name}:{base64.b64encode((letter or name[0]).encode() * 32).decode()}"


def lose_key(settings: Settings) -> None:
    """What was sealed so far (under `dev`) does not open from now on."""
    settings.ENCRYPTION_KEYS = key("other")
