"""Timing of two functions in turns, and the table at the end of the run."""

import csv
import os
import time
from pathlib import Path

import pytest

ROWS = pytest.StashKey[list]()
# Where `nox -s bench` writes the table that the site shows.
TABLE = os.environ.get("ECGMASK_BENCHMARKS")


def pytest_configure(config):
    config.stash[ROWS] = []


@pytest.fixture
def fastest(benchmark):
    """Return the fastest run of each function in seconds, all of them run in turns.

    Turns make a ratio robust: whatever else the machine does slows all of them down. The first
    function is the one that pytest-benchmark reports. `before` is called before each turn, and
    not timed.
    """

    def measure(*functions, rounds=20, before=lambda: None):
        best = [float("inf")] * len(functions)

        def turn():
            before()
            for i, function in enumerate(functions):
                start = time.perf_counter()
                function()
                best[i] = min(best[i], time.perf_counter() - start)

        turn()  # warm caches and imports
        best[:] = [float("inf")] * len(functions)
        benchmark.pedantic(turn, rounds=rounds)
        return best

    return measure


@pytest.fixture
def report(request):
    """Add a row to the table: what was measured, the figure, and the bound it must keep."""

    def add(work, measured, bound):
        request.config.stash[ROWS].append((work, measured, bound))

    return add


def pytest_terminal_summary(terminalreporter, config):
    rows = config.stash[ROWS]
    if not rows:
        return
    terminalreporter.section("benchmarks")
    width = max(len(work) for work, *_ in rows)
    for work, measured, bound in rows:
        terminalreporter.write_line(f"{work:<{width}}  {measured:>14}  {bound}")
    if TABLE:
        with Path(TABLE).open("w", newline="") as file:
            csv.writer(file).writerows([("Work", "Measured", "At least or at most"), *rows])
