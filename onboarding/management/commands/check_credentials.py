import datetime as dt
import json
import sys
from argparse import ArgumentTypeError
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, InterfaceError
from django.utils import timezone

from config.api.errors import NotFound
from onboarding.credentials import check_credentials
from tenants.inspections import Inspected, Verdict
from tenants.models import Tenant
from tenants.selectors import get_tenant

WORDS = {Verdict.GOOD: "OK", Verdict.ENDS_SOON: "WARNING", Verdict.FAILED: "CRITICAL"}
UNKNOWN = 3
HEADINGS = ("", "kind", "tenant", "name", "expires", "days", "remark")


class Command(BaseCommand):
    help = """Says what expires when of the credentials from Apple: what is in use and what waits for its upload. Also
    tries that each secret opens, that key and certificate fit, that Apple has not refused a certificate, and that
    enrolled devices can be woken. Exit code, as Nagios has it: 0 nothing to do, 1 something ends soon, 2 something is
    over or cannot be used, 3 this could not be found out."""
    requires_system_checks: list[str] = []  # what they find is found here too, with the right exit code

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--within", type=_days, default=60, metavar="DAYS", help="What ends soon, else 60 days.")
        parser.add_argument("--tenant", metavar="ID|NAME", help="One tenant's only, else all and the installation's.")
        parser.add_argument("--json", action="store_true", help="For programs.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = _found(options)
        except _Stopped as stopped:
            self.stdout.write(f"CREDENTIALS {stopped}")
            sys.exit(stopped.code)
        worst = max((each.verdict for each in found), default=Verdict.GOOD)
        if options["json"]:
            rows = [_as_json(each) for each in found]
            self.stdout.write(json.dumps({"result": WORDS[worst], "credentials": rows}, indent=2))
        else:
            self.stdout.write(f"CREDENTIALS {WORDS[worst]} - {_summary(found, options['within'])}")
            for line in _table(found):
                self.stdout.write(line)
        if worst:
            sys.exit(int(worst))


class _Stopped(Exception):
    """What to say instead, on the standard output, where a monitor looks for it."""

    def __init__(self, code: int, told: str) -> None:
        self.code = code
        super().__init__(told)


def _found(options: dict[str, Any]) -> list[Inspected]:
    try:
        tenant = _tenant(options["tenant"]) if options["tenant"] else None
        return check_credentials(within=dt.timedelta(days=options["within"]), tenant=tenant)
    except ImproperlyConfigured as error:
        raise _Stopped(int(Verdict.FAILED), f"CRITICAL - {error}") from None
    except (DatabaseError, InterfaceError) as error:
        told = str(error).partition("\n")[0]
        raise _Stopped(UNKNOWN, f"UNKNOWN - The database does not answer: {told}") from None


def _tenant(text: str) -> Tenant:
    named = Tenant.objects.filter(name=text).first()
    if named is not None:
        return named
    try:
        return get_tenant(text)
    except NotFound:
        raise _Stopped(UNKNOWN, f"UNKNOWN - No tenant has the id or the name {text}.") from None


def _summary(found: list[Inspected], within: int) -> str:
    over = sum(each.verdict is Verdict.FAILED for each in found)
    soon = sum(each.verdict is Verdict.ENDS_SOON for each in found)
    told = [f"{over} over or not to be used"] if over else []
    told += [f"{soon} within {within} days of the end"] if soon else []
    return f"{', '.join(told) or 'nothing to do'}; {len(found)} looked at"


def _table(found: list[Inspected]) -> list[str]:
    rows = [HEADINGS, *[_cells(each) for each in found]]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _cells(each: Inspected) -> tuple[str, ...]:
    days = each.days_left()
    ends = f"{each.expires_at:%Y-%m-%d}" if each.expires_at else "-"
    tenant = _line(each.tenant.name) if each.tenant else "-"
    told = (WORDS[each.verdict], each.label, tenant, _line(each.name) or each.object_id, ends)
    return (*told, "-" if days is None else str(days), each.remark)


def _line(text: str) -> str:
    """Names are what somebody typed: none breaks the table, or is more than words to a terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _as_json(each: Inspected) -> dict[str, Any]:
    return {
        "result": WORDS[each.verdict],
        "kind": each.kind,
        "tenant_id": str(each.tenant.pk) if each.tenant else None,
        "tenant": each.tenant.name if each.tenant else None,
        "id": each.object_id or None,
        "name": each.name,
        "expires_at": each.expires_at.isoformat() if each.expires_at else None,
        "days_left": each.days_left(timezone.now()),
        "remark": each.remark,
    }


def _days(text: str) -> int:
    if not text.isdecimal() or int(text) > 3650:
        raise ArgumentTypeError(f"{text} is not a number of days from 0 to 3650")
    return int(text)
