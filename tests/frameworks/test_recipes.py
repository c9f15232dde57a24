"""The recipes of *Train on several processes*, with the masks of a loop that was never stopped."""

import json
import os
import re
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest
from cells import N_EPOCHS, N_RECORDS, RECIPES, STOP, WORKERS, digest, signals

from ecgmask import IJEPAMaskCollator

BATCH_SIZE = 4
HERE = Path(__file__).parent
DOCS = HERE.parent.parent / "docs"

# One process and two are tested beside each other.
ONE, TWO = (pytest.param(n, marks=pytest.mark.xdist_group(f"{n} processes")) for n in (1, 2))
every_number = pytest.mark.parametrize("runs", [ONE, TWO], indirect=True)
every_kind = pytest.mark.parametrize(("name", "kind"), [*product(RECIPES, WORKERS)])


def torchrun(n_processes, *command, **options):
    """Run a script on several processes of this machine."""
    launch = ["torch.distributed.run", "--standalone", "--local-addr=127.0.0.1"]
    run = subprocess.run(
        [sys.executable, "-m", *launch, f"--nproc-per-node={n_processes}", *command],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
        **options,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.fixture(scope="module")
def runs(request, tmp_path_factory):
    """What each process saw of every run of every recipe, on one process or on several."""
    folder = tmp_path_factory.mktemp("runs")
    for half in ("before", "after"):
        torchrun(request.param, HERE / "cells.py", half, folder)
    halves = [json.loads((folder / f"{half}.json").read_text()) for half in ("before", "after")]
    return [before | after for before, after in zip(*halves, strict=True)]


def expected_masks(rank, n_processes):
    """Return the masks of a rank, drawn one after another in a single process."""
    collate = IJEPAMaskCollator(25, seed=1, rank=rank, world_size=n_processes)
    records = list(signals()[:BATCH_SIZE])
    masks = []
    for epoch in range(N_EPOCHS):
        collate.set_epoch(epoch)
        for _ in range(N_RECORDS // BATCH_SIZE // n_processes):
            _, (context,), targets = collate(records)
            masks.append(digest([context, *targets]))
    return masks


@every_number
@every_kind
def test_masks_are_those_of_a_loop_without_any_framework(runs, name, kind):
    for rank, results in enumerate(runs):
        seen = results[f"{name}, {kind}, straight through"]
        assert [masks for _, masks in seen] == expected_masks(rank, len(runs))


@every_number
@every_kind
def test_other_processes_go_on_with_a_run_that_stopped_as_if_it_had_not(runs, name, kind):
    for results in runs:
        whole = results[f"{name}, no workers, straight through"]
        before, after = results[f"{name}, {kind}, before"], results[f"{name}, {kind}, after"]
        assert len(before) == STOP[len(runs)]
        assert before + after == whole


@every_number
@every_kind
def test_each_epoch_has_each_record_once(runs, name, kind):
    ranks = [results[f"{name}, {kind}, straight through"] for results in runs]
    steps = len(ranks[0]) // N_EPOCHS
    orders = []
    for epoch in range(N_EPOCHS):
        rows = [rank[epoch * steps : (epoch + 1) * steps] for rank in ranks]
        order = [number for seen in rows for numbers, _ in seen for number in numbers]
        assert len(set(order)) == len(order) == N_RECORDS // BATCH_SIZE * BATCH_SIZE
        orders.append(tuple(order))
    assert len(set(orders)) == N_EPOCHS


@pytest.mark.parametrize("runs", [TWO], indirect=True)
@pytest.mark.parametrize("name", RECIPES)
def test_ranks_never_share_masks(runs, name):
    ranks = [results[f"{name}, no workers, straight through"] for results in runs]
    one, other = ({masks for _, masks in seen} for seen in ranks)
    assert not one & other


@every_number
def test_lightning_may_put_its_own_sampler_into_numbered_batches(runs):
    orders = []
    for rank, results in enumerate(runs):
        seen = results["the order of Lightning"]
        assert [masks for _, masks in seen] == expected_masks(rank, len(runs))
        orders += [tuple(numbers) for numbers, _ in seen]
    assert len(set(orders)) == len(orders)


def test_the_first_script_prints_what_its_page_shows(tmp_path):
    page = (DOCS / "distributed.rst").read_text(encoding="utf-8")
    (shown,) = re.findall(r"\.\. code-block:: text\n\n((?: {3}.*\n)+)", page)
    printed = torchrun(2, DOCS / "recipes" / "plain.py", cwd=tmp_path)
    assert [line.strip() for line in printed.splitlines()] == [
        line.strip() for line in shown.splitlines()
    ]


def test_the_page_shows_the_recipes_that_are_run():
    page = (DOCS / "distributed.rst").read_text(encoding="utf-8")
    assert re.findall(r"literalinclude:: recipes/(\w+)\.py", page) == RECIPES
