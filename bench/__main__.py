"""`python -m bench [name …]`: prints the figures of these benchmarks, of all of them without a name."""

import argparse
import os
import sys
from collections.abc import Callable
from importlib import import_module

import django
from django.core.management import call_command
from django.db import connections

from bench.database import own_database, settings_for
from bench.machine import print_facts

BENCHMARKS = (
    "connect",
    "converge",
    "dep_sync",
    "device_apps",
    "fanout",
    "licences",
    "lists",
    "metrics",
    "push",
    "schedules",
    "seamless",
    "uploads",
)
BY_NAME_ONLY = ("blueprints",)  # takes a quarter of an hour

NAMES_HELP = f"{', '.join(BENCHMARKS)}; these without a name. By name only: {', '.join(BY_NAME_ONLY)}"


def main() -> None:
    parser = _parser()
    options = parser.parse_args()
    known = sorted((*BENCHMARKS, *BY_NAME_ONLY))
    if unknown := set(options.names) - set(known):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}: choose from {', '.join(known)}")
    with own_database() as url:
        os.environ.update(settings_for(url))
        django.setup()
        try:
            call_command("migrate", verbosity=0)
            print_facts(" ".join(["python -m bench", *sys.argv[1:]]))
            for name in options.names or BENCHMARKS:
                # Benchmarks import models, which needs the settings above.
                run: Callable[[argparse.Namespace], None] = import_module(f"bench.{name}").run
                run(options)
        finally:
            connections.close_all()
            connections["default"].close_pool()  # type: ignore[attr-defined]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=NAMES_HELP)
    parser.add_argument("--rounds", type=int, default=3, help="repetitions, of which the cheapest counts")
    parser.add_argument("--devices", type=int, default=2000, help="connect, push: how many devices")
    parser.add_argument("--fleet", type=int, default=200, help="blueprints: how many simulated devices")
    parser.add_argument("--sizes", type=int, default=3, choices=(1, 2, 3), help="how many sizes of three")
    parser.add_argument("--small", action="store_true", help="a tenth of every size, to see that it runs")
    parser.add_argument("--large", action="store_true", help="lists: also 10,000,000 status rows (takes long)")
    return parser


if __name__ == "__main__":
    main()
