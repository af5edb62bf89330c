"""Run what stands in for Apple on a developer's machine."""

import asyncio
import signal
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from onboarding.simulation.apns import ApnsStandIn, PortTaken
from onboarding.simulation.dep import DepStandIn, kept_authority
from onboarding.simulation.dep.demo import STATE_FILE as DEP_STATE_FILE
from onboarding.simulation.dep.demo import demo_server
from onboarding.simulation.store import StoreStandIn
from onboarding.simulation.vpp import STATE_FILE, VppStandIn, demo_library, write_token


class Command(BaseCommand):
    help = "Run the stand-ins of Apple's services until they are told to stop. Needs no database."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--directory", type=Path, required=True, help="where its certificates are kept, or made")
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
        parser.add_argument("--apns-port", type=int, default=2197, help="TLS, HTTP/2 (default: %(default)s)")
        parser.add_argument("--courier-port", type=int, default=2198, help="for devices (default: %(default)s)")
        parser.add_argument("--store-port", type=int, default=2199, help="store look-up (default: %(default)s)")
        parser.add_argument("--vpp-port", type=int, default=2200, help="Apps and Books (default: %(default)s)")
        parser.add_argument("--dep-port", type=int, default=2201, help="device assignment (default: %(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            asyncio.run(self._serve(options))
        except PortTaken as error:
            raise CommandError(str(error)) from error

    async def _serve(self, options: dict[str, Any]) -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        stand_in = ApnsStandIn(
            options["directory"],
            host=options["host"],
            apns_port=options["apns_port"],
            courier_port=options["courier_port"],
        )
        store = StoreStandIn(host=options["host"], port=options["store_port"])
        vpp = VppStandIn(
            host=options["host"],
            port=options["vpp_port"],
            event_seconds=2.0,
            state_file=options["directory"] / STATE_FILE,
        )
        write_token(vpp.add_library(demo_library()), options["directory"])
        dep = DepStandIn(
            host=options["host"],
            port=options["dep_port"],
            state_file=options["directory"] / DEP_STATE_FILE,
            authority=kept_authority(options["directory"]),
        )
        demo_server(dep)
        await stand_in.start()
        store.start()
        vpp.start()
        dep.start()
        apns, courier = (f"{stand_in.host}:{port}" for port in (stand_in.apns_port, stand_in.courier_port))
        self.stdout.write(f"store stand-in at {store.url}")
        self.stdout.write(f"apps and books stand-in at {vpp.url}")
        self.stdout.write(f"device assignment stand-in at {dep.url}")
        self.stdout.write(f"apns stand-in listening on {apns}, courier on {courier}")
        self.stdout.flush()
        await stop.wait()
        store.stop()
        vpp.stop()
        dep.stop()
        await stand_in.stop()
