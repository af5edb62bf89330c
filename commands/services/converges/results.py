"""How the commands of converges went."""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F

from commands.blueprints.plan import Stage
from commands.models import Converge, ConvergeStep
from commands.models.status import OPEN, State
from devices.models import AppliedSetting, DeviceInventory

NAMED, LONGEST = 5, 200  # failures told in a reason; characters of each
COLUMNS = ("converge_id", "number", "stage", "part", "title", "fingerprint", "is_removal", "details")


@dataclass(frozen=True)
class Result:
    """One command, and what became of it so far."""

    number: int
    stage: int
    part: str
    title: str
    fingerprint: str
    is_removal: bool
    details: dict[str, Any]
    state: str
    reason: str
    ended_at: dt.datetime

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def is_success(self) -> bool:
        return self.state == State.SUCCESS


@dataclass(frozen=True)
class Results:
    """All of one converge since it began; with several windows, since the last of them."""

    all: Sequence[Result] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        return any(each.is_open for each in self.all)

    @property
    def has_looked(self) -> bool:
        return any(each.stage == Stage.LOOK and each.is_success for each in self.all)

    @property
    def has_failed_to_look(self) -> bool:
        return any(each.stage == Stage.LOOK and not each.is_open and not each.is_success for each in self.all)

    @property
    def done(self) -> int:
        """Commands that changed something."""
        return sum(each.is_success and each.stage != Stage.LOOK for each in self.all)

    @property
    def failures(self) -> str:
        """`2 of 7 commands failed: Wi-Fi: Office (The device …); …`; blank if none did."""
        failed = [each for each in self.all if not each.is_open and not each.is_success]
        if not failed:
            return ""
        told = [f"{each.title} ({each.reason[:LONGEST].rstrip('. ')})" for each in failed[:NAMED]]
        more = [f"{len(failed) - NAMED} more"] if len(failed) > NAMED else []
        number = f"{len(failed)} of {len(self.all)} command{'s' if len(self.all) > 1 else ''} failed"
        return f"{number}: {'; '.join([*told, *more])}."


def results_of(converges: Iterable[Converge]) -> dict[uuid.UUID, Results]:
    """One statement."""
    steps = ConvergeStep.objects.filter(converge__in=converges, number__gte=F("converge__first_step"))
    told = (*COLUMNS, *(f"request__statuses__{name}" for name in ("state", "reason", "updated_at")))
    found: dict[uuid.UUID, list[Result]] = defaultdict(list)
    for converge_id, *step in steps.order_by("converge", "number").values_list(*told):
        found[converge_id].append(Result(*step))
    return defaultdict(Results, {pk: Results(results) for pk, results in found.items()})


def remember(ended: Iterable[tuple[uuid.UUID, Results]]) -> None:
    """What devices have confirmed, into the ledger. By device; twice is as once."""
    applied: dict[tuple[uuid.UUID, str], AppliedSetting] = {}
    removed: dict[str, set[uuid.UUID]] = defaultdict(set)
    for device_id, results in ended:
        for each in results.all:
            if each.is_success and each.is_removal:
                removed[each.part].add(device_id)
                applied.pop((device_id, each.part), None)
            elif each.is_success and each.fingerprint:
                applied[device_id, each.part] = AppliedSetting(
                    device_id=device_id,
                    part=each.part,
                    fingerprint=each.fingerprint,
                    details=each.details,
                    applied_at=each.ended_at,
                )
    _forget(removed)
    AppliedSetting.objects.bulk_create(
        applied.values(),
        update_conflicts=True,
        unique_fields=["device", "part"],
        update_fields=["fingerprint", "details", "applied_at"],
    )


def forget_gone(gone: Iterable[tuple[uuid.UUID, Sequence[str]]]) -> None:
    """What somebody took off devices, and no blueprint wants there: what comes back is no blueprint's. By device."""
    removed: dict[str, set[uuid.UUID]] = defaultdict(set)
    for device_id, parts in gone:
        for part in parts:
            removed[part].add(device_id)
    if removed:
        devices = set().union(*removed.values())
        told = DeviceInventory.objects.filter(device__in=devices, profiles_at__isnull=False, apps_at__isnull=False)
        sure = set(told.values_list("device_id", flat=True))
        _forget({part: device_ids & sure for part, device_ids in removed.items()})


def _forget(removed: Mapping[str, Collection[uuid.UUID]]) -> None:
    for part, device_ids in removed.items():
        AppliedSetting.objects.filter(part=part, device_id__in=device_ids).delete()
