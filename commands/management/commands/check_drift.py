import sys
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError, CommandParser

from commands.services.drift.checking import check_devices
from commands.services.drift.requests import ask_devices
from config.api.errors import NotFound
from devices.models import Device, DriftReport
from devices.selectors import get_device
from devices.standings import effective_blueprint_id
from tenants.actors import command_line_actor
from tenants.models import Tenant
from tenants.selectors import get_tenant

HEADINGS = ("device", "blueprint", "setting", "wanted", "found")
SLICE = 500
WIDEST = 48


class Command(BaseCommand):
    help = """Compares devices with the published versions of their blueprints, here and now, by what they told last,
    and lists what differs. Exit code: 0 nothing differs, 1 something does."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tenant", metavar="ID|NAME", help="One tenant's devices, else all tenants'.")
        parser.add_argument("--device", metavar="ID", action="append", help="This device; may be repeated.")
        parser.add_argument(
            "--ask", action="store_true", help="Also ask the devices anew; compare again when they told."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        tenants = [_tenant(options["tenant"])] if options["tenant"] else list(Tenant.objects.order_by("name"))
        chosen = [_device(tenants, each) for each in options["device"] or ()]
        rows: list[tuple[str, ...]] = [HEADINGS]
        compared = drifted = asked = 0
        for tenant in tenants:
            for devices in _slices(tenant, chosen if options["device"] else None):
                if options["ask"]:
                    request = ask_devices(tenant=tenant, devices=devices, actor=command_line_actor())
                    asked += len(request.devices) if request else 0
                reports = check_devices([device.pk for device in devices])
                compared += len(reports)
                drifted += sum(report.count > 0 for report in reports.values())
                rows += [row for report in reports.values() for row in _rows(report)]
        self._tell(rows, compared, drifted, asked if options["ask"] else None)
        if drifted:
            sys.exit(1)

    def _tell(self, rows: list[tuple[str, ...]], compared: int, drifted: int, asked: int | None) -> None:
        if len(rows) > 1:
            widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
            for row in rows:
                cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
                self.stdout.write("  ".join(cells).rstrip())
        self.stdout.write(f"{compared} devices compared, {drifted} differ.")
        if asked is not None:
            self.stdout.write(f"{asked} devices asked what they have; compare again when they have answered.")


def _tenant(text: str) -> Tenant:
    try:
        return Tenant.objects.filter(name=text).first() or get_tenant(text)
    except NotFound:
        raise CommandError(f"No tenant has the id or the name {text}.") from None


def _device(tenants: list[Tenant], device_id: str) -> Device:
    for tenant in tenants:
        try:
            return get_device(tenant=tenant, device_id=device_id)
        except NotFound:
            continue
    raise CommandError(f"No device has the id {device_id}.")


def _slices(tenant: Tenant, chosen: list[Device] | None) -> Iterator[Sequence[Device]]:
    """The tenant's devices that have a blueprint, or those of the chosen that are its own."""
    rows = Device.objects.filter(tenant=tenant).annotate(goal=effective_blueprint_id()).filter(goal__isnull=False)
    if chosen is not None:
        rows = rows.filter(pk__in=[device.pk for device in chosen])
    rows, last = rows.defer("search_text").order_by("pk"), None
    while devices := list((rows.filter(pk__gt=last) if last else rows)[:SLICE]):
        yield devices
        last = devices[-1].pk


def _rows(report: DriftReport) -> Iterator[tuple[str, ...]]:
    blueprint = f"{report.blueprint_version.name} {report.blueprint_version.number}"
    for told in report.differences:
        remark = f" ({told['reason']})" if told["reason"] else ""
        values = (_value(told["wanted"]), _value(told["found"]) + remark)
        yield (_line(str(report.device)), _line(blueprint), _line(told["setting"]), *values)


def _value(value: Any) -> str:
    text = "-" if value is None else value if isinstance(value, str) else orjson.dumps(value).decode()
    return _line(text if len(text) <= WIDEST else text[: WIDEST - 1] + "…")


def _line(text: str) -> str:
    """Names are what somebody typed, and values a device's: none breaks the table."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
