"""The parts of a blueprint against one device: what differs, and the steps that end it."""

from collections.abc import Iterator, Sequence

from commands.blueprints.comparing.apps import compare_app, unwanted_apps
from commands.blueprints.comparing.declarations import compare_declarations
from commands.blueprints.comparing.profiles import compare_profile, unwanted_custom_profiles, unwanted_profiles
from commands.blueprints.comparing.settings import compare_setting
from commands.blueprints.comparing.situation import IN_SYNC, Compared, Situation
from commands.blueprints.compile.apps import AppPart
from commands.blueprints.compile.declarations import DeclarationsPart
from commands.blueprints.compile.device import SettingPart
from commands.blueprints.compile.parts import Part, ProfilePart
from commands.blueprints.plan import Difference

__all__ = ["Compared", "Situation", "compare_all"]


def compare_all(parts: Sequence[Part], situation: Situation) -> Iterator[Compared]:
    """In the order of the parts, then what is to go, networks last."""
    for part in parts:
        yield _compare(part, situation)
    yield from unwanted_custom_profiles(parts, situation)
    yield from unwanted_apps(parts, situation)
    yield from unwanted_profiles(parts, situation)


def _compare(part: Part, situation: Situation) -> Compared:
    if not situation.applies(part):
        return IN_SYNC
    if part.impossible:
        return Compared(differences=tuple(_impossible(part)))
    match part:
        case ProfilePart():
            return compare_profile(part, situation)
        case SettingPart():
            return compare_setting(part, situation)
        case AppPart():
            return compare_app(part, situation)
        case DeclarationsPart():
            return compare_declarations(part, situation)
    return IN_SYNC


def _impossible(part: Part) -> Iterator[Difference]:
    for field in part.fields:
        if not field.is_unset:
            yield Difference(field.path, part.key, field.wanted, None, part.impossible)
