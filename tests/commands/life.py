"""A small world for commands to live in: a clock, two devices, no broker, and a log of all that happens to rows.

Nudges get lost: there is no broker. What runs is what a test runs. Workers and connections may die at any statement.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import time_machine
from django.db import connection
from django.utils import timezone

from commands.models import AppleEnrolment, CommandRequest, CommandStatus, ScheduleSlot
from commands.models.status import AWAITING, DELIVERABLE, MOVES, State
from commands.services.requests import create_command_request
from commands.services.slots import UNCOLLECTED
from commands.services.sweeps import SWEEPS
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tests.factories.apple import handed, report
from tests.factories.fleet import placed, row_of
from tests.factories.tenants import ACTOR, TenantFactory

BEGIN = dt.datetime(2027, 3, 1, 9, tzinfo=dt.UTC)
PUSHES = "pushes taken by Apple"  # the only sweep that needs the outside; here `pushed` stands for it
ANSWERS: dict[str, Any] = {
    "QueryResponses": {"DeviceName": "x"},
    "InstalledApplicationList": [],
    "ProfileList": [],
    "SecurityInfo": {},
    "ManagedApplicationList": {},
}
BORN = {State.QUEUED, State.SCHEDULED, State.FAILURE}
DIED = {State.SUCCESS, State.FAILURE, State.CANCELLED, State.TIMEOUT}

LOG_SQL = """
CREATE TABLE test_moves (number bigserial PRIMARY KEY, status uuid, request uuid, device uuid, occurrence int,
    old text, new text);
CREATE FUNCTION test_note_move() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO test_moves (status, request, device, occurrence, old)
            VALUES (OLD.id, OLD.request_id, OLD.device_id, OLD.occurrence, OLD.state);
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO test_moves (status, request, device, occurrence, new)
            VALUES (NEW.id, NEW.request_id, NEW.device_id, NEW.occurrence, NEW.state);
    ELSIF NEW.state <> OLD.state THEN
        INSERT INTO test_moves (status, request, device, occurrence, old, new)
            VALUES (NEW.id, NEW.request_id, NEW.device_id, NEW.occurrence, OLD.state, NEW.state);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER test_moves AFTER INSERT OR UPDATE OF state OR DELETE ON commands_commandstatus
    FOR EACH ROW EXECUTE FUNCTION test_note_move();
"""
DROP_SQL = "DROP TABLE IF EXISTS test_moves CASCADE; DROP FUNCTION IF EXISTS test_note_move() CASCADE;"
NEXT_SQL = """
SELECT min(at) FROM (
    SELECT due_at AS at FROM commands_scheduleslot
    UNION ALL SELECT wake_at FROM commands_appleenrolment
    UNION ALL SELECT unnest(ARRAY[not_before, expires_at]) FROM commands_commandstatus WHERE state = ANY(%s)
) moments WHERE at > %s
"""


class Killed(BaseException):
    """The process died."""


@dataclass(frozen=True)
class Move:
    status: Any
    request: Any
    device: Any
    occurrence: int
    old: str | None
    new: str | None

    def is_allowed(self) -> bool:
        if self.old is None:
            return self.new in BORN
        if self.new is None:
            return self.old in DIED
        return State(self.new) in MOVES[State(self.old)]


@contextmanager
def logged_moves() -> Iterator[None]:
    try:
        with connection.cursor() as cursor:
            cursor.execute(DROP_SQL + LOG_SQL)
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(DROP_SQL)


class World:
    """Made once; `begin` empties it for the next story."""

    def __init__(self, clock: time_machine.Traveller) -> None:
        tenant = TenantFactory(name="Ours")
        self.clock = clock
        self.tenant = tenant
        self.phones: list[SimulatedAppleDevice] = [placed(tenant, index) for index in (1, 2)]
        self.devices = [row_of(phone) for phone in self.phones]

    def begin(self) -> None:
        self.clock.move_to(BEGIN, tick=False)
        with connection.cursor() as cursor:
            for table in ("commandresult", "commandstatus", "scheduleslot", "commandrequest"):
                cursor.execute(f"DELETE FROM commands_{table}")
            cursor.execute("DELETE FROM test_moves")
        AppleEnrolment.objects.update(wake_at=None)

    def wait(self, **time: float) -> None:
        self.clock.move_to(timezone.now() + dt.timedelta(**time), tick=False)

    # What happens ---------------------------------------------------------------------------------------------------
    def send(self, command: str, schedule: str, schedule_args: dict[str, Any], args: dict[str, Any]) -> CommandRequest:
        return create_command_request(
            tenant=self.tenant,
            actor=ACTOR,
            command=command,
            command_type=CommandRequest.CommandType.DEVICE,
            devices=[device.pk for device in self.devices],
            command_args=args,
            schedule=schedule,
            schedule_args=schedule_args,
        )

    def connect(self, which: int, status: str = "Idle", command: str | None = None) -> str | None:
        """The CommandUUID handed over."""
        more = ANSWERS if status == "Acknowledged" else {}
        response = report(self.phones[which], status, command, **more)
        return handed(response) if response.status_code == 200 else None

    def sweep(self) -> None:
        for name, sweep in SWEEPS.items():
            if name != PUSHES:
                sweep()

    def pushed(self) -> list[int]:
        """The devices that are being pushed to now, as `wake_due_devices` would."""
        due = AppleEnrolment.objects.filter(wake_at__lte=timezone.now(), device__in=self.devices)
        ids = set(due.values_list("device_id", flat=True))
        due.update(wake_at=timezone.now() + dt.timedelta(hours=1), pushed_at=timezone.now())
        return [index for index, device in enumerate(self.devices) if device.pk in ids]

    # What it leads to -----------------------------------------------------------------------------------------------
    def moves(self) -> list[Move]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT status, request, device, occurrence, old, new FROM test_moves ORDER BY number")
            return [Move(*row) for row in cursor.fetchall()]

    def is_quiet(self) -> bool:
        waiting = CommandStatus.objects.filter(state__in=(*DELIVERABLE, State.SCHEDULED))
        return not waiting.exists() and not ScheduleSlot.objects.filter(due_at__isnull=False).exists()

    def to_next_event(self) -> None:
        """Nothing happens until then; a minute at least, as sweeps come and go."""
        now = timezone.now()
        with connection.cursor() as cursor:
            cursor.execute(NEXT_SQL, [[state.value for state in DELIVERABLE], now])
            (at,) = cursor.fetchone()
        self.wait(seconds=max(1.0, (at - now).total_seconds() + 1) if at else 60)

    def settle(self, *, events: int = 400) -> None:
        """The devices are good from now on: they come when they are pushed to and do as they are told."""
        begin = timezone.now()
        for _ in range(events):
            self.sweep()
            for which in self.pushed():
                command = self.connect(which)
                while command is not None:
                    command = self.connect(which, "Acknowledged", command)
            if self.is_quiet():
                return self._nobody_was_forgotten(begin)
            self.to_next_event()
        left = list(CommandStatus.objects.exclude(state__in=DIED).values("state", "reason", "not_before", "closes_at"))
        raise AssertionError(f"It does not settle: {left}, {list(ScheduleSlot.objects.values())}")

    def _nobody_was_forgotten(self, begin: dt.datetime) -> None:
        """A good device is woken for what waits in an open window, the third try of a command included."""
        for row in CommandStatus.objects.filter(state=State.TIMEOUT, reason=UNCOLLECTED, updated_at__gte=begin):
            assert row.closes_at is not None
            assert row.closes_at - max(begin, row.not_before) < dt.timedelta(minutes=2), row.reason


@contextmanager
def dying_at(statement: int) -> Iterator[None]:
    """The process that runs the block dies before it sends this statement; the database rolls back."""
    execute, sent = psycopg.Cursor.execute, 0

    def count(self: Any, *args: Any, **options: Any) -> Any:
        nonlocal sent
        sent += 1
        if sent == statement:
            raise Killed
        return execute(self, *args, **options)

    psycopg.Cursor.execute = count  # type: ignore[method-assign]
    try:
        yield
    except Killed:
        psycopg.Cursor.execute = execute  # type: ignore[method-assign]
        connection.close()
    finally:
        psycopg.Cursor.execute = execute  # type: ignore[method-assign]


def is_rightly_handed(world: World, which: int, command: str) -> None:
    """What was handed over is a row of this device that is open, due and within its window."""
    status_id, _, step = command.partition(".")
    row, now = CommandStatus.objects.get(pk=status_id), timezone.now()
    assert row.device_id == world.devices[which].pk
    assert row.state in AWAITING
    assert row.step == int(step or 0)
    assert row.not_before <= now
    assert row.closes_at is None or row.closes_at > now
