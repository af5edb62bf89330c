"""The set of declarations: replaced as a whole.

It counts as there when the device was told of it last, and confirmed that.
"""

from commands.apple.declarations import declarations_token
from commands.blueprints.comparing.situation import IN_SYNC, Compared, Situation
from commands.blueprints.compile.declarations import DeclarationsPart
from commands.blueprints.plan import Difference, PlannedStep

EMPTY = declarations_token(())


def compare_declarations(part: DeclarationsPart, situation: Situation) -> Compared:
    facts, remembered = situation.facts, situation.remembered(part.key)
    wanted = part.wanted(provision=situation.provision, held=facts.declarations)
    token = declarations_token(wanted)
    is_there = (facts.declarations_token or EMPTY) == token and (remembered or EMPTY) == token
    if is_there and not (situation.reapply and wanted):
        return IN_SYNC
    step = PlannedStep(
        stage=part.stage,
        part=part.key,
        title=part.title,
        command="UPDATE_DEVICE_CONFIG",
        args={**situation.internal(part.key), "blueprint_provision": situation.provision},
        fingerprint=token,
    )
    return Compared((step,), () if is_there else _differences(part, situation))


def _differences(part: DeclarationsPart, situation: Situation) -> tuple[Difference, ...]:
    fields = (*part.fields, *(part.provisioning_fields if situation.provision else ()))
    found = "another declaration" if situation.facts.declarations else None
    told = tuple(Difference(field.path, part.key, field.wanted, found) for field in fields)
    return told or (Difference("os_update_settings", part.key, None, found),)
