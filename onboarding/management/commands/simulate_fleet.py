"""Run simulated devices against a server."""

import asyncio
import json
import logging
import os
import signal
import ssl
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx2
from django.core.management.base import BaseCommand, CommandError

from onboarding.simulation.apple_device import SimulatedAppleDevice
from onboarding.simulation.apple_http import ServerUnreachable, send
from onboarding.simulation.apple_models import MODELS, UnknownModel, find_model
from onboarding.simulation.apple_setup import StandInActivation
from onboarding.simulation.apple_state_file import StateError
from onboarding.simulation.apple_store import StandInStore
from onboarding.simulation.dep.new_devices import NEW_MODELS, new_seed
from onboarding.simulation.fleet import Behaviour, Fleet, NoProfile
from onboarding.simulation.identity import SignatureStyle

_PROFILE_NAME = "profile.mobileconfig"
_POLL_SECONDS = 15.0  # when no push can come
_TIMEOUT = httpx2.Timeout(20.0, connect=5.0)
_STYLES: tuple[SignatureStyle, ...] = ("der", "ber", "der-sha1")


class Command(BaseCommand):
    help = "Run a fleet of simulated Apple devices against a server until it is told to stop. Needs no database."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        var = Path(os.environ.get("MUSTER_VAR", "var"))
        chance = _probability
        add = parser.add_argument
        add("--apple", type=_count, default=0, metavar="N", help="number of Apple devices that enrol by a link")
        add("--base-url", required=True, help="the server, as http://127.0.0.1:8000")
        add("--enrolment-url", help="an enrolment page or its profile (default: enrolment_url of var/demo.json)")
        add("--profile", type=Path, metavar="FILE", help="enrol all devices with this profile instead of downloading")
        add("--courier", type=_address, metavar="HOST:PORT", help="where pushes come from; without it devices poll")
        add(
            "--poll",
            type=_seconds,
            metavar="SECONDS",
            help=f"connect this often (without a courier: {_POLL_SECONDS:g})",
        )
        add("--state-dir", type=Path, default=var / "fleet", help="where devices are kept (default: %(default)s)")
        add("--seed", default="muster", help="name of the fleet; another name gives other devices")
        add(
            "--models",
            type=_models,
            default=[""],
            metavar="NAMES",
            help=f"models that take turns, of {', '.join(sorted(MODELS))}; with commas (default: iPhones and iPads)",
        )
        add("--not-now", type=chance, default=0.0, metavar="P", help="probability that a push finds a device locked")
        add("--lose-replies", type=chance, default=0.0, metavar="P", help="probability that a report is lost")
        add("--dead", type=chance, default=0.0, metavar="P", help="probability that a device never answers")
        add("--dying", type=chance, default=0.0, metavar="P", help="probability that a device falls silent at its work")
        add(
            "--refusals",
            type=chance,
            default=0.0,
            metavar="P",
            help="probability that a device refuses one kind of what it is told",
        )
        add(
            "--meddling",
            type=chance,
            default=0.0,
            metavar="P",
            help="probability that before a connection the user has removed a profile or an app of the server's",
        )
        add(
            "--install-faults",
            type=chance,
            default=0.0,
            metavar="P",
            help="probability that a device gets no app installed, each in a way of its own",
        )
        add("--store-url", default="", metavar="URL", help="the store's stand-in, for apps of the store")
        add("--licences-url", default="", metavar="URL", help="the stand-in of Apps and Books, for their licences")
        add("--dep-url", default="", metavar="URL", help="the stand-in of device assignment, for --ade")
        add(
            "--ade",
            type=_count,
            default=0,
            metavar="N",
            help="number of devices, new in their boxes, that enrol as device assignment tells them",
        )
        add("--workers", type=_count, default=8, help="threads for HTTP and keys (default: %(default)s)")
        add("--ca-file", type=Path, help="certificates to trust for HTTPS instead of the system's")
        add("--once", action="store_true", help="enrol, connect every device once, and end")
        parser.set_defaults(demo_file=var / "demo.json")

    def handle(self, *args: Any, **options: Any) -> None:
        logging.getLogger("httpx2").setLevel(logging.WARNING)  # a line per request would drown the fleet's own
        try:
            with _http_client(options["ca_file"], workers=options["workers"]) as http:
                all_enrolled = asyncio.run(self._run(http, options))
        except StateError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"The fleet cannot go on: {error}") from error
        if options["once"] and not all_enrolled:
            raise CommandError("Not every device could be enrolled.")

    async def _run(self, http: httpx2.Client, options: dict[str, Any]) -> bool:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        polls = options["poll"] or (None if options["courier"] else _POLL_SECONDS)
        fleet = Fleet(
            _devices(http, options),
            profile=_ProfileSource(http, options),
            say=self._say,
            courier=options["courier"],
            poll_seconds=polls,
            behaviour=Behaviour(
                not_now=options["not_now"],
                lose_replies=options["lose_replies"],
                dead=options["dead"],
                dying=options["dying"],
                install_faults=options["install_faults"],
                refusals=options["refusals"],
                meddling=options["meddling"],
            ),
            seed=options["seed"],
            workers=options["workers"],
        )
        all_enrolled = await fleet.run(stop, once=options["once"])
        self._say("the fleet is saved")
        return all_enrolled

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


class _ProfileSource:
    """Gives each caller an enrolment profile: a file's bytes, or a fresh download with its own challenge."""

    def __init__(self, http: httpx2.Client, options: dict[str, Any]) -> None:
        self._http = http
        self._base_url: str = options["base_url"]
        self._enrolment_url: str | None = options["enrolment_url"]
        self._file: Path | None = options["profile"]
        self._demo_file: Path = options["demo_file"]

    def __call__(self) -> bytes:
        """Raises NoProfile."""
        if self._file:
            try:
                return self._file.read_bytes()
            except OSError as error:
                raise NoProfile(f"the profile cannot be read: {error}", retryable=False) from error
        url = profile_url(self._base_url, self._enrolment_url or self._url_of_demo())
        try:
            reply = send(self._http, "GET", url)
        except ServerUnreachable as error:
            raise NoProfile(str(error), retryable=True) from error
        if reply.status_code != 200:
            message = f"{url} answered HTTP {reply.status_code} instead of a profile"
            raise NoProfile(message, retryable=reply.status_code >= 500 or reply.status_code == 429)
        return reply.content

    def _url_of_demo(self) -> str:
        """Read at each need: the file may be written after the fleet has started."""
        try:
            return str(json.loads(self._demo_file.read_text("utf-8"))["enrolment_url"])
        except FileNotFoundError as error:
            message = f"there is no {self._demo_file}; give --enrolment-url or --profile"
            raise NoProfile(message, retryable=True) from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            message = f"{self._demo_file} names no enrolment_url; give --enrolment-url or --profile"
            raise NoProfile(message, retryable=False) from error


def profile_url(base_url: str, enrolment_url: str) -> str:
    """The profile's URL from that of the enrolment page or of the profile itself, which may be relative."""
    url = urljoin(f"{base_url.rstrip('/')}/", enrolment_url)
    parts = urlsplit(url)
    if parts.path.endswith(".mobileconfig"):
        return url
    return parts._replace(path=f"{parts.path.rstrip('/')}/{_PROFILE_NAME}").geturl()


def _devices(http: httpx2.Client, options: dict[str, Any]) -> list[SimulatedAppleDevice]:
    """The fleet, restored from its files. Devices take turns in how they sign, as the real world does.

    Raises CommandError when there would be none, or something that they need is missing.
    """
    if not options["apple"] + options["ade"]:
        raise CommandError("Give --apple, --ade or both.")
    folder: Path = options["state_dir"]
    seed: str = options["seed"]
    models: list[str] = options["models"]
    store = _store(http, options)
    name = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in seed)
    return [
        SimulatedAppleDevice(
            http,
            seed=seed,
            index=index,
            model=models[index % len(models)],
            store=store,
            state_file=folder / f"apple-{name}-{index:05d}.json",
            signature_style=_STYLES[index % len(_STYLES)],
        )
        for index in range(options["apple"])
    ] + _new_devices(http, options, store, f"apple-{name}-new")


def _new_devices(
    http: httpx2.Client, options: dict[str, Any], store: StandInStore | None, name: str
) -> list[SimulatedAppleDevice]:
    """Raises CommandError when nobody can tell them how to enrol."""
    if options["ade"] and not options["dep_url"]:
        raise CommandError("Give --dep-url with --ade.")
    return [
        SimulatedAppleDevice(
            http,
            seed=new_seed(options["seed"]),
            index=index,
            model=NEW_MODELS[index % len(NEW_MODELS)],
            store=store,
            activation=StandInActivation(http, options["dep_url"]),
            state_file=options["state_dir"] / f"{name}-{index:05d}.json",
            signature_style=_STYLES[index % len(_STYLES)],
        )
        for index in range(options["ade"])
    ]


def _store(http: httpx2.Client, options: dict[str, Any]) -> StandInStore | None:
    """None: the devices know no app of the store. Raises CommandError when half of it is missing."""
    store_url, licences_url = options["store_url"], options["licences_url"]
    if bool(store_url) != bool(licences_url):
        raise CommandError("Give both --store-url and --licences-url, or neither.")
    return StandInStore(http, store_url=store_url, licences_url=licences_url) if store_url else None


def _http_client(ca_file: Path | None, *, workers: int) -> httpx2.Client:
    """One client for the fleet; proxies of the environment are none of a device's business. Raises CommandError."""
    try:
        verify = ssl.create_default_context(cafile=str(ca_file)) if ca_file else True
    except OSError as error:
        raise CommandError(f"{ca_file} cannot be read as certificates to trust: {error}") from error
    limits = httpx2.Limits(max_connections=workers, max_keepalive_connections=workers, keepalive_expiry=5.0)
    return httpx2.Client(verify=verify, trust_env=False, timeout=_TIMEOUT, limits=limits)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text} is not a number from 1")
    return int(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.1 <= value <= 86_400:
        raise ArgumentTypeError(f"{text} is not a number of seconds from 0.1 to 86400")
    return value


def _probability(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise ArgumentTypeError(f"{text} is not a probability from 0 to 1")
    return value


def _models(text: str) -> list[str]:
    try:
        return [find_model(name.strip()).name for name in text.split(",")]
    except UnknownModel as error:
        raise ArgumentTypeError(str(error)) from error


def _address(text: str) -> tuple[str, int]:
    host, _colon, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise ArgumentTypeError(f"{text} is not HOST:PORT")
    return host.strip("[]"), int(port)
