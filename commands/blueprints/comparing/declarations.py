"""The set of declarations: replaced as a whole.

It counts as there when the device was told of it last, and confirmed that. Whether it follows it, it says afterwards.
"""

from collections.abc import Iterator

from commands.apple.declarations import declarations_token
from commands.blueprints.comparing.situation import Compared, Situation
from commands.blueprints.compile.declarations import DeclarationsPart
from commands.blueprints.os_updates import SETTING_OF
from commands.blueprints.plan import Difference, PlannedStep

EMPTY = declarations_token(())


def compare_declarations(part: DeclarationsPart, situation: Situation) -> Compared:
    facts, remembered = situation.facts, situation.remembered(part.key)
    wanted = part.wanted(provision=situation.provision, held=facts.declarations)
    token = declarations_token(wanted)
    is_there = (facts.declarations_token or EMPTY) == token and (remembered or EMPTY) == token
    not_in_force = tuple(_not_in_force(part, situation)) if is_there else ()
    if is_there and not (situation.reapply and wanted):
        return Compared(differences=not_in_force)
    step = PlannedStep(
        stage=part.stage,
        part=part.key,
        title=part.title,
        command="UPDATE_DEVICE_CONFIG",
        args={**situation.internal(part.key), "blueprint_provision": situation.provision},
        fingerprint=token,
    )
    return Compared((step,), not_in_force if is_there else _differences(part, situation))


def _not_in_force(part: DeclarationsPart, situation: Situation) -> Iterator[Difference]:
    """The device has the set and says that it does not follow it; telling it once more would not help."""
    for identifier, reason in situation.facts.declaration_problems:
        if identifier in SETTING_OF:  # the activation only says it again
            setting = SETTING_OF[identifier]
            fields = [field for field in (*part.fields, *part.provisioning_fields) if field.path.startswith(setting)]
            yield Difference(
                setting, part.key, {field.path: field.wanted for field in fields}, None, reason, refused=True
            )


def _differences(part: DeclarationsPart, situation: Situation) -> tuple[Difference, ...]:
    fields = (*part.fields, *(part.provisioning_fields if situation.provision else ()))
    found = "another declaration" if situation.facts.declarations else None
    told = tuple(Difference(field.path, part.key, field.wanted, found) for field in fields)
    return told or (Difference("os_update_settings", part.key, None, found),)
