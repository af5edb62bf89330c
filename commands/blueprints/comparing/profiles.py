"""Profiles: installed where they are missing or others, removed where they are wanted no more."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from commands.apple.profiles import BLUEPRINT_PREFIX
from commands.apple.profiles import PREFIX as COMMAND_PREFIX
from commands.blueprints.comparing.situation import IN_SYNC, Compared, Situation
from commands.blueprints.compile import app_lock, custom, networks
from commands.blueprints.compile.parts import BuiltProfile, Field, Part, ProfilePart, key_of, purpose_of
from commands.blueprints.facts import FoundProfile
from commands.blueprints.plan import Difference, PlannedStep, Stage

ANOTHER = "another profile"
KIOSK_COMMAND = f"{COMMAND_PREFIX}kiosk"  # the profile of SET_KIOSK_APP
KIOSK_COMMAND_KEY = f"{app_lock.KEY}:command"


def compare_profile(part: ProfilePart, situation: Situation) -> Compared:
    compared = _installed(part, part.profile, situation) if part.profile else _absent(part, situation)
    if part.key == app_lock.KEY and KIOSK_COMMAND in situation.facts.profiles:
        return _without_command(part, compared)
    return compared


def _installed(part: ProfilePart, profile: BuiltProfile, situation: Situation) -> Compared:
    found = situation.facts.profiles.get(profile.identifier)
    differences = () if _is_there(part, profile, found, situation) else _differences(part, found, situation)
    if not differences and not situation.reapply:
        return IN_SYNC
    is_custom = part.key.startswith(custom.PREFIX)
    step = PlannedStep(
        stage=part.stage,
        part=part.key,
        title=part.title,
        command="INSTALL_PROFILE",
        args=situation.internal(part.key),
        fingerprint=custom.fingerprint_of(profile) if is_custom else profile.uuid,
        details={"identifier": profile.identifier} if is_custom else {},
    )
    return Compared((step,), tuple(differences))


def _is_there(part: ProfilePart, profile: BuiltProfile, found: FoundProfile | None, situation: Situation) -> bool:
    if found is None or found.uuid.upper() != profile.uuid.upper():
        return False
    remembered = situation.remembered(part.key) if part.key.startswith(custom.PREFIX) else ""
    return not remembered or remembered == custom.fingerprint_of(profile)


def _differences(part: ProfilePart, found: FoundProfile | None, situation: Situation) -> Sequence[Difference]:
    """At least one: what is told apart by nothing else is another profile."""
    before = _held(part.key, found, situation)
    if before is None:
        told = ANOTHER if found else None
        fields = [field for field in part.fields if not field.is_unset] or part.fields[:1]
        return [Difference(field.path, part.key, field.wanted, told) for field in fields]
    differing = list(_differing(part.key, part.fields, before))
    first = part.fields[0]
    return differing or [Difference(first.path, part.key, first.wanted, ANOTHER)]


def _held(key: str, found: FoundProfile | None, situation: Situation) -> tuple[Field, ...] | None:
    """The fields that the profile on the device carries, if it is still that of the last converge."""
    before = situation.before().get(key) if found else None
    if found is None or not isinstance(before, ProfilePart) or before.profile is None:
        return None
    return before.fields if before.profile.uuid == found.uuid else None


def _differing(key: str, wanted: Iterable[Field], held: Iterable[Field]) -> Iterator[Difference]:
    after, before = {field.path: field for field in wanted}, {field.path: field for field in held}
    for path in (*after, *(each for each in before if each not in after)):
        new, old = after.get(path), before.get(path)
        said = new.wanted if new else old.unset if old else None
        has = old.wanted if old else new.unset if new else None
        if said != has or (new.secret if new else "") != (old.secret if old else ""):
            yield Difference(path, key, new.wanted if new else None, has)


def _absent(part: ProfilePart, situation: Situation) -> Compared:
    """The settings need no profile; one of an earlier version goes."""
    identifier = f"{BLUEPRINT_PREFIX}{purpose_of(part.key)}"
    found = situation.facts.profiles.get(identifier)
    if found is None:
        return IN_SYNC
    return Compared((_removal(part.key, identifier, found),), tuple(_differences(part, found, situation)))


def unwanted_profiles(parts: Sequence[Part], situation: Situation) -> Iterator[Compared]:
    """Those that a blueprint brought and this version does not know any more, networks last."""
    known = {part.key for part in parts}
    held = {key: (each, found) for each, found in situation.facts.profiles.items() if (key := key_of(each)) is not None}
    gone = sorted(held.keys() - known, key=lambda key: (key.startswith(networks.PREFIX), key))
    for key in gone:
        identifier, found = held[key]
        fields = _held(key, found, situation) or ()
        told = [Difference(field.path, key, None, field.wanted) for field in fields if not field.is_unset]
        step = _removal(key, identifier, found, **_instead(key, parts))
        yield Compared((step,), tuple(told) or (Difference(key, key, None, found.name or ANOTHER),))


def unwanted_custom_profiles(parts: Sequence[Part], situation: Situation) -> Iterator[Compared]:
    """Only what the ledger has: people may have put the same profile there by other ways."""
    wanted = [part for part in parts if part.key.startswith(custom.PREFIX)]
    if not all(situation.applies(part) for part in wanted):
        return
    known = {part.key for part in wanted}
    for key, applied in sorted(situation.facts.applied.items()):
        found = situation.facts.profiles.get(str(applied.details.get("identifier")))
        if not key.startswith(custom.PREFIX) or key in known:
            continue
        if found is None:
            yield Compared(gone=(key,))
        else:
            difference = Difference(custom.PATH, key, None, found.name or ANOTHER)
            yield Compared((_removal(key, applied.details["identifier"], found),), (difference,))


def _instead(key: str, parts: Sequence[Part]) -> dict[str, Any]:
    """A network goes only when one of those that stay is there; with none that stays, that is as it was told."""
    stays = [part.profile.identifier for part in _networks(parts) if part.profile]
    return {"instead": stays} if key.startswith(networks.PREFIX) and stays else {}


def _networks(parts: Sequence[Part]) -> Iterator[ProfilePart]:
    for part in parts:
        if isinstance(part, ProfilePart) and part.key.startswith(networks.PREFIX):
            yield part


def _without_command(part: ProfilePart, compared: Compared) -> Compared:
    """A device takes one profile for single-app mode only, and the blueprint says which."""
    step = PlannedStep(
        stage=Stage.PROFILES,
        part=KIOSK_COMMAND_KEY,
        title="End the single-app mode of a command",
        command="REMOVE_PROFILE",
        args={"profile_identifier": KIOSK_COMMAND, "blueprint_part": KIOSK_COMMAND_KEY},
        is_removal=True,
    )
    told = Difference(app_lock.MODE, KIOSK_COMMAND_KEY, part.fields[0].wanted, "KIOSK by a command")
    return Compared((step, *compared.steps), (told, *compared.differences))


def _removal(key: str, identifier: str, found: FoundProfile, **more: Any) -> PlannedStep:
    """A locked device shows its app alone, so single-app mode ends before anything is done to the apps."""
    return PlannedStep(
        stage=Stage.PROFILES if key == app_lock.KEY else Stage.REMOVALS,
        part=key,
        title=f"Remove {found.name or identifier}"[:255],
        command="REMOVE_PROFILE",
        args={"profile_identifier": identifier, "blueprint_part": key, **more},
        is_removal=True,
    )
