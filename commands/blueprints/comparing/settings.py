"""The device's name, its time zone, its wallpapers."""

from commands.blueprints.comparing.situation import IN_SYNC, Compared, Situation
from commands.blueprints.compile.device import SettingPart
from commands.blueprints.plan import Difference, PlannedStep


def compare_setting(part: SettingPart, situation: Situation) -> Compared:
    wanted = part.wanted(situation.device)
    found = part.found(situation.device, situation.remembered(part.key))
    if not wanted or (found == wanted and not situation.reapply):
        return IN_SYNC
    command, args = part.command(situation.device, situation.internal(part.key))
    step = PlannedStep(part.stage, part.key, part.title, command, args, fingerprint=part.fingerprint)
    differs = found != wanted
    return Compared((step,), (Difference(part.fields[0].path, part.key, wanted, found),) if differs else ())
