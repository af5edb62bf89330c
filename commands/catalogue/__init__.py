"""The catalogue: every command of the API by its name, in the page's order."""

import datetime as dt

from django.conf import settings as conf
from django.core.exceptions import ImproperlyConfigured

from commands.catalogue import (
    actions,
    app_restrictions,
    apps,
    configuration,
    information,
    installs,
    network,
    people,
    policies,
    profiles,
    settings,
    wifi,
)
from commands.catalogue.base import AppleNeeds, Command, Delivery, TryLater, Undeliverable
from commands.catalogue.names import NAMES
from tenants.sealing import MASK

FAMILIES = (
    actions, app_restrictions, apps, configuration, information, installs, network, people, policies, profiles,
    settings, wifi,
)  # fmt: skip


def _commands() -> dict[str, Command]:
    """One object per class that a family's module defines and that has a name."""
    found: dict[str, Command] = {}
    for family in FAMILIES:
        for kind in vars(family).values():
            own = isinstance(kind, type) and issubclass(kind, Command) and kind.__module__ == family.__name__
            if own and hasattr(kind, "name"):
                found[kind.name] = kind()
    return found


def _set_time_outs(commands: dict[str, Command], seconds: dict[str, int]) -> None:
    """Those that the operator wants otherwise."""
    for name, time in seconds.items():
        if name not in commands:
            raise ImproperlyConfigured(f"COMMAND_TIME_OUTS names {name!r}, which is no command.")
        commands[name].time_out = dt.timedelta(seconds=time)


_by_name = _commands()
_set_time_outs(_by_name, conf.COMMAND_TIME_OUTS)
CATALOGUE: dict[str, Command] = {name: _by_name[name] for name in NAMES}

__all__ = ["CATALOGUE", "MASK", "NAMES", "AppleNeeds", "Command", "Delivery", "TryLater", "Undeliverable"]
