"""Whatever devices, operators, clocks and dying workers do: every row moves as the table says and comes to one end.

Hypothesis tells stories; `make test` a few short ones, always the same. For long ones, new each time:

    LIFE_STORIES=2000 make test ARGS="tests/commands/test_life_of_a_row.py -n 0"
"""

import datetime as dt
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from rest_framework.exceptions import ValidationError

from commands.models import CommandRequest, CommandStatus, ScheduleSlot
from commands.models.status import CANCELLABLE
from commands.schedules.arguments import stored_arguments
from commands.selectors import command_request_stats
from commands.services.fan_out import fan_out
from commands.services.queue import REQUEUES, cancel_command_status
from commands.services.requests import cancel_command_request
from commands.services.retention import prune_commands
from commands.services.sweeps import SWEEPS
from config.api.errors import BadRequest
from tests.commands.life import BEGIN, PUSHES, World, dying_at, is_rightly_handed, logged_moves
from tests.factories.broker import tasks_go_to
from tests.factories.tenants import ACTOR
from tests.factories.threads import all_at_once

STORIES = int(os.environ.get("LIFE_STORIES", "0"))
COMMANDS: dict[str, dict[str, Any]] = {
    "LOCK": {},  # one step
    "DEVICE_INFORMATION": {},  # four
    "UPDATE_HEARTBEAT": {},  # ends without the device's help
    "NOTIFY_DEVICE": {"title": "T", "message": "M"},  # refused
}
STATUSES = ("Acknowledged", "Error", "NotNow", "Error", "CommandFormatError", "Idle")

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(0 if STORIES else 60),
]

commands = st.sampled_from(["LOCK", "LOCK", "LOCK", "DEVICE_INFORMATION", "DEVICE_INFORMATION", *COMMANDS])
devices = st.integers(0, 1)
picks = st.integers(0, 50)
statuses = st.sampled_from(STATUSES)
sweeps = st.sampled_from([name for name in SWEEPS if name != PUSHES])


class Life(RuleBasedStateMachine):
    """A story: requests, and what becomes of their rows."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.told: list[str] = []  # every CommandUUID that any device was ever handed, in order
        self.through: set[tuple[Any, Any]] = set()  # requests and the devices that were taken out of them
        self.world.begin()

    # Requests -------------------------------------------------------------------------------------------------------
    @initialize(command=commands, schedule=st.sampled_from(["RECURRING", "RECURRING", "WINDOW", "IMMEDIATE"]))
    def begin(self, command: str, schedule: str) -> None:
        """With one request that is on its way."""
        if schedule == "IMMEDIATE":
            self.send(command, nudged=True)
        else:
            self.schedule(command, schedule, begins=-10, lasts=24 * 60, window=None)
            self.world.sweep()

    @rule(command=commands, nudged=st.booleans())
    def send(self, command: str, nudged: bool) -> None:
        request = self.world.send(command, "IMMEDIATE", {}, COMMANDS[command])
        if nudged:
            fan_out(request.pk)

    @rule(
        command=commands,
        schedule=st.sampled_from(["WINDOW", "RECURRING"]),
        begins=st.sampled_from([-60, -1, 0, 10, 60]),
        lasts=st.sampled_from([30, 90, 24 * 60, 50 * 60]),
        window=st.sampled_from([None, ("09:30", "11:00"), ("23:00", "01:00"), ("00:00", "00:00")]),
    )
    def schedule(self, command: str, schedule: str, begins: int, lasts: int, window: tuple[str, str] | None) -> None:
        start = timezone.now() + dt.timedelta(minutes=begins)
        times = {"start_datetime": start, "end_datetime": start + dt.timedelta(minutes=lasts)}
        daily = dict(zip(("window_start_time", "window_end_time"), window, strict=True)) if window else {}
        given = {**{key: moment.isoformat() for key, moment in times.items()}, **daily}
        with suppress(BadRequest, ValidationError):  # it is over already, or no window falls into it
            self.world.send(command, schedule, stored_arguments(schedule, given), COMMANDS[command])

    # Devices --------------------------------------------------------------------------------------------------------
    def _connect(self, which: int, status: str, command: str | None, *, lost: bool = False) -> None:
        handed = self.world.connect(which, status, command)
        if handed is not None:
            is_rightly_handed(self.world, which, handed)
            if not lost:
                self.told.append(handed)

    @rule(which=devices, lost=st.booleans())
    def come(self, which: int, lost: bool) -> None:
        """`lost`: the server's reply never reaches the device."""
        self._connect(which, "Idle", None, lost=lost)

    @rule(which=devices, answers=st.lists(statuses, max_size=5))
    def converse(self, which: int, answers: list[str]) -> None:
        """A connection that goes on, an answer to each command."""
        self._connect(which, "Idle", None)
        for status in answers:
            if self.told:
                self._connect(which, status, self.told[-1])

    @precondition(lambda self: self.told)
    @rule(which=devices, status=statuses, pick=st.integers(0, 2))
    def answer(self, which: int, status: str, pick: int) -> None:
        """One of the latest commands; the other device's too, and what it has answered before."""
        self._connect(which, status, self.told[-1 - pick % len(self.told)])

    @precondition(lambda self: self.told)
    @rule(which=devices, status=statuses, pick=picks)
    def answer_something_old(self, which: int, status: str, pick: int) -> None:
        self._connect(which, status, self.told[pick % len(self.told)])

    @precondition(lambda self: self.told)
    @rule(which=devices, first=statuses, second=statuses, pick=st.integers(0, 2))
    def two_connections_at_once(self, which: int, first: str, second: str, pick: int) -> None:
        command = self.told[-1 - pick % len(self.told)]
        handed: list[str | None] = []
        all_at_once(
            lambda: handed.append(self.world.connect(which, first, command)),
            lambda: handed.append(self.world.connect(which, second, command)),
        )
        self.told.extend(filter(None, handed))

    @precondition(lambda self: self.told)
    @rule(which=devices, status=statuses, statement=st.integers(1, 12))
    def die_in_a_connection(self, which: int, status: str, statement: int) -> None:
        with dying_at(statement):
            self._connect(which, status, self.told[-1])

    # Operators ------------------------------------------------------------------------------------------------------
    @rule(pick=st.integers(0, 9))
    def cancel_a_row(self, pick: int) -> None:
        rows = list(CommandStatus.objects.filter(state__in=CANCELLABLE).order_by("created_at", "device", "occurrence"))
        if pick < len(rows):
            row = cancel_command_status(status=rows[pick], actor=ACTOR)
            if row.ends_recurrence:
                self.through.add((row.request_id, row.device_id))

    @rule(pick=st.integers(0, 9))
    def cancel_a_request(self, pick: int) -> None:
        requests = list(CommandRequest.objects.order_by("created_at", "command", "schedule"))
        with suppress(BadRequest, IndexError):  # no device waits for it any more; no such request
            cancel_command_request(request=requests[pick], actor=ACTOR)

    # The clock and the workers --------------------------------------------------------------------------------------
    @rule(minutes=st.sampled_from([0.5, 2.5, 0.5, 11, 61]))
    def wait(self, minutes: float) -> None:
        self.world.wait(minutes=minutes)

    @rule()
    def sweep(self) -> None:
        self.world.sweep()

    @rule(name=sweeps)
    def sweep_one(self, name: str) -> None:
        SWEEPS[name]()

    @rule(name=sweeps, statement=st.integers(1, 40))
    def die_in_a_sweep(self, name: str, statement: int) -> None:
        with dying_at(statement):
            SWEEPS[name]()

    @rule(name=sweeps, which=devices, status=statuses)
    def sweep_while_a_device_is_in_contact(self, name: str, which: int, status: str) -> None:
        command = self.told[-1] if self.told else None
        handed: list[str | None] = []
        all_at_once(SWEEPS[name], lambda: handed.append(self.world.connect(which, status, command)))
        self.told.extend(filter(None, handed))

    @rule(pick=picks, twice=st.booleans())
    def nudge(self, pick: int, twice: bool) -> None:
        """A nudge that does arrive, perhaps in two workers."""
        requests = list(CommandRequest.objects.order_by("created_at", "command", "schedule"))
        request = requests[pick % len(requests)]
        acts: list[Callable[[], object]] = [lambda: fan_out(request.pk)] * (2 if twice else 1)
        all_at_once(*acts)

    @rule(minutes=st.sampled_from([1, 60]), statement=st.sampled_from([0, 0, *range(1, 20)]))
    def prune(self, minutes: int, statement: int) -> None:
        with dying_at(statement):
            prune_commands(older_than=dt.timedelta(minutes=minutes))

    # What always holds ----------------------------------------------------------------------------------------------
    @invariant()
    def every_move_is_in_the_table(self) -> None:
        wrong = [move for move in self.world.moves() if not move.is_allowed()]
        assert wrong == []

    @invariant()
    def nothing_is_tried_again_for_ever(self) -> None:
        assert not CommandStatus.objects.filter(requeues__gt=REQUEUES).exists()

    def teardown(self) -> None:
        self.world.wait(seconds=1)
        prune_commands(older_than=dt.timedelta())
        self.world.settle()
        self.check_the_rows()
        self.world.wait(days=4)  # all schedules are over
        self.world.sweep()
        assert not CommandRequest.objects.filter(cancelled_at__isnull=False, cancel_finished_at=None).exists()
        prune_commands(older_than=dt.timedelta(hours=1))
        assert not CommandStatus.objects.exists()
        self.check_the_rows()

    def check_the_rows(self) -> None:
        self.every_move_is_in_the_table()
        born = Counter((move.request, move.device, move.occurrence) for move in self.world.moves() if move.old is None)
        assert set(born.values()) <= {1}, "a row was made twice"
        for request in CommandRequest.objects.all():
            rows = [key for key in born if key[0] == request.pk]
            assert sum(each["total"] for each in command_request_stats(request)) == len(rows), "a count was lost"
            if request.cancelled_at is None:
                assert self.expected(request) <= {(device, occurrence) for _, device, occurrence in rows}

    def expected(self, request: CommandRequest) -> set[tuple[Any, int]]:
        """The rows that must have been made, by device and occurrence."""
        targets = [device.pk for device in self.world.devices]
        if request.schedule == "IMMEDIATE":
            return {(device, 0) for device in targets}
        opened = ScheduleSlot.objects.filter(request=request, opened_at__isnull=False)
        if request.schedule == "WINDOW":
            return {(device, 0) for device in targets if opened.exists()}
        refused = request.command == "NOTIFY_DEVICE"  # told once
        numbers = [] if refused else opened.values_list("number", flat=True)
        return {
            (device, number) for number in numbers for device in targets if (request.pk, device) not in self.through
        }


@pytest.fixture
def world() -> Iterator[World]:
    broker = tasks_go_to("redis://127.0.0.1:1/0")
    with time_machine.travel(BEGIN, tick=False) as clock, logged_moves(), broker:
        yield World(clock)


SHORT = settings(max_examples=10, stateful_step_count=25, derandomize=True, phases=[Phase.generate, Phase.shrink])
LONG = settings(max_examples=STORIES or 1, stateful_step_count=60)


def test_every_row_comes_to_one_end(world: World) -> None:
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    told = settings(LONG if STORIES else SHORT, database=None, suppress_health_check=slow)

    class Here(Life):
        def __init__(self) -> None:
            super().__init__(world)

    run_state_machine_as_test(Here, settings=told)
