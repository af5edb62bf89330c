"""The launcher's command line."""

import os
import time
from collections.abc import Callable, Sequence

from config.dev.check import run_checks
from config.dev.console import Interrupted, LauncherError, complain, report, say
from config.dev.environment import given_settings
from config.dev.interrupts import StopRequests
from config.dev.places import held_lock, make_directory, var_directory
from config.dev.run import run
from config.dev.services import Services, persistent_services, throwaway_services
from config.dev.suite import run_in_foreground, run_suite

USAGE = """\
usage: python -m config.dev COMMAND

  run                      everything, in the foreground, with a demo tenant and simulated devices
  test [PYTEST ARGUMENTS]  the suite, against throw-away services
  check [STEP …]           lint, types, import contract, migrations, OpenAPI document, deployment checks
  services [--throwaway] [COMMAND …]
                           only PostgreSQL and Valkey, for COMMAND or until Ctrl-C"""


def main(arguments: Sequence[str]) -> int:
    """The exit code. No error of a kind we know ends in a traceback."""
    name, rest = (arguments[0], list(arguments[1:])) if arguments else ("", [])
    if name not in COMMANDS:
        complain(USAGE)
        return 0 if name in ("-h", "--help", "help") else 2
    StopRequests().install()
    try:
        return COMMANDS[name](rest)
    except LauncherError as error:
        report(error)
        return 1
    except OSError as error:  # such as a disk that fills up under a log file
        name = f"{error.filename}: " if error.filename else ""
        report(LauncherError(f"{name}{error.strerror or error}."))
        return 1
    except Interrupted:
        return 130


def services(arguments: list[str]) -> int:
    throwaway = arguments[:1] == ["--throwaway"]
    command = [word for word in arguments[throwaway:] if word != "--"]
    if throwaway:
        with throwaway_services(os.environ) as started:
            return use(started, command)
    var = make_directory(var_directory())
    with held_lock(var), persistent_services(var, given_settings()) as started:
        return use(started, command)


def use(started: Services, command: list[str]) -> int:
    if command:
        return run_in_foreground(command, {**os.environ, **started.environment})
    for service in started.both:
        say(f"# {service.name}: {service.description}")
    for variable, value in started.environment.items():
        say(f"export {variable}='{value}'")
    say("# Ctrl-C stops them.")
    try:
        while True:
            started.require_alive()
            time.sleep(0.2)
    except Interrupted:
        return 0


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "check": run_checks,
    "run": run,
    "services": services,
    "test": run_suite,
}
