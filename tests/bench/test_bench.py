"""That the benchmarks run. What they print is for people; nothing here looks at a time."""

import os
import subprocess
import sys

import pytest

from bench.tables import table
from config.dev.places import ROOT
from tests import template


def bench(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench", *words]
    environment = {**os.environ, template.NAME: template.wait_for_it()}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


@pytest.mark.timeout(240)  # it makes a database of its own
def test_prints_the_facts_of_the_machine_and_an_aligned_table_for_each_size() -> None:
    done = bench("fanout", "--sizes", "1", "--rounds", "1")

    assert done.returncode == 0, done.stderr
    head, rule, row = done.stdout.splitlines()[-3:]
    assert "PostgreSQL" in done.stdout
    assert len(head) == len(rule) == len(row)
    assert row.split()[0] == "1,000"


@pytest.mark.timeout(240)
def test_converges_of_a_group_are_measured_step_by_step() -> None:
    done = bench("converge", "--sizes", "1")

    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()[-4:]]
    assert [row[0] for row in rows] == ["500"] * 4
    assert rows[1][-1] == "3,000"  # commands: six for each device
    assert rows[3][-1] == "0"


def test_an_unknown_benchmark_is_named_with_those_there_are() -> None:
    done = bench("speed")

    assert done.returncode == 2
    known = "blueprints, connect, converge, device_apps, fanout, licences, lists, metrics, push, schedules, uploads"
    assert f"there is no benchmark speed: choose from {known}" in done.stderr


def test_the_first_column_stands_left_and_figures_stand_right(capsys: pytest.CaptureFixture[str]) -> None:
    table("Title", ("name", "count", "s"), [("a", 12_345, 1.5), ("long name", None, 250.0)])

    assert capsys.readouterr().out.splitlines() == [
        "",
        "Title",
        "name        count     s",
        "---------  ------  ----",
        "a          12,345  1.50",
        "long name       -   250",
    ]
