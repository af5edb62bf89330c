"""`make run`: the whole server with a demo tenant and simulated devices, in the foreground."""

import contextlib
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from config.dev.console import Interrupted, LauncherError, say
from config.dev.demo import DEVICE_PAGE, Demo, block, enrolled_devices, read_demo
from config.dev.environment import given_settings, kept_secrets, write_env_file
from config.dev.places import ROOT, held_lock, make_directory, shown, var_directory
from config.dev.processes import Program, Role, Supervisor
from config.dev.services import Services, persistent_services
from config.dev.web import ask_json, every, free_ports, is_listening, kept_port, require_free_port

READY_SECONDS = 90
STANDIN_SECONDS = 30
ENROLMENT_SECONDS = 60
NEW_DEVICES = 3
BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
STORE_LOOKUP = "/WebObjects/MZStorePlatform.woa/wa/lookup"  # as Apple has it
WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}


@dataclass(frozen=True)
class Options:
    host: str
    port: int
    devices: int
    apns_port: int
    courier_port: int
    store_port: int
    vpp_port: int
    dep_port: int

    @property
    def store(self) -> str:
        """The store's stand-in, which this machine alone reaches."""
        return f"http://127.0.0.1:{self.store_port}"

    @property
    def licences(self) -> str:
        """The stand-in of Apps and Books."""
        return f"http://127.0.0.1:{self.vpp_port}"

    @property
    def assignment(self) -> str:
        """The stand-in of device assignment."""
        return f"http://127.0.0.1:{self.dep_port}"

    @property
    def new_devices(self) -> int:
        """That are switched on for the first time; as many as the stand-in's demo has at Apple."""
        return NEW_DEVICES if self.devices else 0

    @property
    def server(self) -> str:
        """Where this machine itself reaches the server."""
        name = WILDCARDS.get(self.host) or (f"[{self.host}]" if ":" in self.host else self.host)
        return f"http://{name}:{self.port}"


def run(arguments: list[str]) -> int:
    """0 when asked to stop; an error of ours, or the end of a child that the server needs, is a LauncherError."""
    if arguments:
        raise LauncherError("run takes no arguments: set PORT, HOST or DEVICES in the environment.")
    var = make_directory(var_directory())
    make_directory(var / "static")  # where static files would be collected; the server looks for it at its start
    try:
        with held_lock(var), contextlib.ExitStack() as stack:
            run_until_stopped(stack, var, read_options(var))
    except Interrupted:
        say("Muster has stopped.")
    return 0


def read_options(var: Path) -> Options:
    host, port = os.environ.get("HOST") or "127.0.0.1", whole_number("PORT", 8000, between=(1, 65535))
    devices = whole_number("DEVICES", 12, between=(0, 10000))
    require_free_port(host, port)
    apns_port, courier_port, vpp_port, dep_port = free_ports(4)
    store_port = kept_port(var / "store-port")  # the database keeps addresses of its icons
    return Options(host, port, devices, apns_port, courier_port, store_port, vpp_port, dep_port)


def whole_number(name: str, default: int, *, between: tuple[int, int]) -> int:
    text, (lowest, highest) = os.environ.get(name) or str(default), between
    if not text.isdecimal() or not lowest <= int(text) <= highest:
        raise LauncherError(f"{name} must be a whole number from {lowest} to {highest}, not {text!r}.")
    return int(text)


def run_until_stopped(stack: contextlib.ExitStack, var: Path, options: Options) -> None:
    given = given_settings()
    services = stack.enter_context(persistent_services(var, given))
    for service in services.both:
        say(f"{service.name}: {service.description}")
    values = demo_settings(var, options, services, given)
    write_env_file(var / "dev.env", values)
    stack.callback((var / "dev.env").unlink, missing_ok=True)
    supervisor = Supervisor(
        logs=var / "log", environment=child_environment(values), directory=ROOT, watch=services.require_alive
    )
    stack.callback(supervisor.stop)
    demo = start_all(supervisor, var, options, values["BASE_URL"])
    devices = wait_for_devices(supervisor, demo, options)
    say("\n" + block(demo, devices, options.new_devices) + "\n")
    say(f"Logs are in {shown(var / 'log')}, settings for a second shell in {shown(var / 'dev.env')}.")
    supervisor.wait_for(lambda: False)


def wait_for_devices(supervisor: Supervisor, demo: Demo, options: Options) -> list[str]:
    """The fleet's devices, or those that enrolled in time. Raises LauncherError if the demo's token is refused."""
    wanted = min(options.devices + options.new_devices, DEVICE_PAGE)
    supervisor.wait_for(every(2, lambda: len(enrolled_devices(demo, options.server)) >= wanted), ENROLMENT_SECONDS)
    return enrolled_devices(demo, options.server)


def demo_settings(var: Path, options: Options, services: Services, given: dict[str, str]) -> dict[str, str]:
    """What `var/dev.env` holds: everything `manage.py` in a second shell needs to join in."""
    base_url = given.get("BASE_URL") or options.server
    hosts = ["127.0.0.1", "localhost", "[::1]", urlsplit(base_url).hostname or "localhost"]
    return {
        **services.environment,
        **kept_secrets(var, given),
        "BASE_URL": base_url,
        "ALLOWED_HOSTS": given.get("ALLOWED_HOSTS") or ",".join(dict.fromkeys(hosts)),
        "APNS_HOST": "127.0.0.1",
        "APNS_PORT": str(options.apns_port),
        "APNS_CA_FILE": str(var / "standins" / "ca.pem"),
        "STORE_URL": f"{options.store}{STORE_LOOKUP}",
        "VPP_URL": f"{options.licences}/mdm/v2",
        "DEP_URL": options.assignment,
        "ADE_DEVICE_CA_FILE": str(var / "standins" / "device-ca.pem"),
        "STORE_ICON_HOSTS": options.store,
    }


def child_environment(values: dict[str, str]) -> dict[str, str]:
    defaults = {"DJANGO_SETTINGS_MODULE": "config.settings.base", "PYTHONUNBUFFERED": "1"}
    return {**defaults, **os.environ, **values}


def start_all(supervisor: Supervisor, var: Path, options: Options, base_url: str) -> Demo:
    """Start every program in its turn and wait until the server says it is ready."""
    standins = supervisor.start(Program("standins", standins_command(var, options)))
    started = supervisor.wait_for(lambda: any("listening on" in line for line in standins.last_lines), STANDIN_SECONDS)
    if not started:
        raise LauncherError(f"the stand-ins were not ready after {STANDIN_SECONDS} seconds:", standins.last_lines)
    # After the stand-ins: the settings name certificates that they make.
    supervisor.run_to_end(Program("migrate", manage("migrate", "--noinput"), Role.STEP))
    facts = var / "demo.json"
    seed = manage(
        "seed_demo", "--standins", str(var / "standins"), "--out", str(facts), "--dep-url", options.assignment
    )
    supervisor.run_to_end(Program("seed", seed, Role.STEP))
    for program in server_programs(options):
        supervisor.start(program)
    wait_until_ready(supervisor, options)
    if options.devices:
        supervisor.start(Program("fleet", fleet_command(var, options, base_url), Role.OPTIONAL))
    return read_demo(facts)


def wait_until_ready(supervisor: Supervisor, options: Options) -> None:
    name = urlsplit(options.server).hostname or "127.0.0.1"
    supervisor.wait_for(lambda: is_listening(name, options.port), READY_SECONDS)
    url = f"{options.server}/sys/ready"
    if supervisor.wait_for(every(1.5, lambda: ask_json(url)[0] == 200), READY_SECONDS):
        return
    status, body = ask_json(url)
    checks = body.get("checks", {}) if isinstance(body, dict) else {}
    missing = {name: str(check.get("message", "")) for name, check in checks.items() if not check.get("ok")}
    told = " ".join(missing.values()) or f"{url} answered {status or 'nothing'}."
    culprit = "worker" if set(missing) == {"worker"} else "web"
    raise LauncherError(
        f"the server was not ready after {READY_SECONDS} seconds. {told} The end of the log of {culprit}:",
        supervisor.last_lines(culprit),
    )


def server_programs(options: Options) -> list[Program]:
    """As in the Procfile, at the size of a demo."""
    web = ["--interface", "wsgi", "--http", "1", "--host", options.host, "--port", str(options.port)]
    web += ["--workers", "2", "--blocking-threads", "8", "--no-ws", "config.wsgi:application"]
    worker = ["--concurrency", "2", "--without-gossip", "--without-mingle", "-l", "info"]
    beat = ["--scheduler", BEAT_SCHEDULER, "-l", "info"]
    return [
        Program("web", python("-m", "granian", *web)),
        Program("worker", python("-m", "celery", "-A", "config", "worker", *worker), stop_seconds=5),
        # Asked politely, beat first writes its schedule back, and waits long for a database that went with us.
        Program("beat", python("-m", "celery", "-A", "config", "beat", *beat), death_signal=signal.SIGKILL),
    ]


def standins_command(var: Path, options: Options) -> list[str]:
    ports = ["--apns-port", str(options.apns_port), "--courier-port", str(options.courier_port)]
    ports += ["--store-port", str(options.store_port), "--vpp-port", str(options.vpp_port)]
    ports += ["--dep-port", str(options.dep_port)]
    return manage("run_standins", "--directory", str(var / "standins"), *ports)


def fleet_command(var: Path, options: Options, base_url: str) -> list[str]:
    courier = f"127.0.0.1:{options.courier_port}"
    size = ["--apple", str(options.devices), "--base-url", base_url]
    size += ["--ade", str(options.new_devices), "--dep-url", options.assignment]
    stores = ["--store-url", options.store, "--licences-url", options.licences]
    return manage("simulate_fleet", *size, *stores, "--courier", courier, "--state-dir", str(var / "fleet"))


def python(*words: str) -> list[str]:
    return [sys.executable, *words]


def manage(*words: str) -> list[str]:
    return python("manage.py", *words)
