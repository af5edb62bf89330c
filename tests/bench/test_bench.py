"""That the benchmarks run. What they print is for people; nothing here looks at a time."""

import os
import subprocess
import sys

import pytest

from bench.__main__ import main
from bench.tables import table
from config.dev.places import ROOT
from tests import template


def bench(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench", *words]
    environment = {**os.environ, template.NAME: template.wait_for_it()}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


@pytest.mark.timeout(240)  # it makes a database of its own
def test_prints_the_facts_of_the_machine_and_an_aligned_table_of_each_benchmark_one_after_the_other() -> None:
    done = bench("fanout", "converge", "dep_sync", "--small", "--sizes", "1", "--rounds", "1")

    assert done.returncode == 0, done.stderr
    facts, *tables = done.stdout.split("\n\n")
    fans, converges, syncs = ([line.split() for line in part.splitlines()[3:]] for part in tables[-3:])
    assert "PostgreSQL" in facts
    head, rule, row = tables[-3].splitlines()[1:]
    assert len(head) == len(rule) == len(row)
    assert fans[0][0] == "100"
    assert [row[0] for row in converges] == ["50"] * 4
    assert converges[1][-1] == "300"  # commands: six for each device
    assert converges[3][-1] == "0"
    assert [row[:2] for row in syncs] == [["100", "first"], ["100", "changes"], ["100", "all"]]
    assert float(syncs[2][-1]) > 0  # queries a page


def test_an_unknown_benchmark_is_named_with_those_there_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["bench", "speed"])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 2
    first, *others = ("blueprints", "connect", "converge", "dep_sync", "device_apps", "fanout", "licences", "lists")
    known = ", ".join([first, *others, "metrics", "push", "schedules", "seamless", "uploads"])
    assert f"there is no benchmark speed: choose from {known}" in capsys.readouterr().err


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
