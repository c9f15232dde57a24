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

# Runs on one process and on two are made beside each other, once each.
ONE, TWO = (pytest.param(n, marks=pytest.mark.xdist_group(f"on {n}")) for n in (1, 2))
on_one_and_on_two = pytest.mark.parametrize("runs", [ONE, TWO], indirect=True)
every_kind = pytest.mark.parametrize(("name", "kind"), [*product(RECIPES, WORKERS)])


def torchrun(n_processes, *command, **options):
    """Run a script on several processes of this machine."""
    launch = ["torch.distributed.run", "--standalone", "--local-addr=127.0.0.1"]
    try:
        run = subprocess.run(
            [sys.executable, "-m", *launch, f"--nproc-per-node={n_processes}", *command],
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
            **options,
        )
    except subprocess.TimeoutExpired as error:
        pytest.fail(f"{error}\n{(error.stderr or b'').decode()}")
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.fixture(scope="module")
def runs(request, tmp_path_factory):
    """What each process saw of every run of every recipe, on one process or on several."""
    folder = tmp_path_factory.mktemp("runs")
    for half in ("before", "after"):
        torchrun(request.param, HERE / "cells.py", half, folder)
    seen = []
    for rank in range(request.param):
        halves = [folder / f"{half}, rank {rank}.json" for half in ("before", "after")]
        before, after = (json.loads(path.read_text(encoding="utf-8")) for path in halves)
        seen.append(before | after)
    assert len(list(folder.glob("before, rank *.json"))) == request.param
    return seen


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


@on_one_and_on_two
@every_kind
def test_masks_are_those_of_a_loop_without_any_framework(runs, name, kind):
    for rank, results in enumerate(runs):
        seen = results[f"{name}, {kind}, straight through"]
        assert [masks for _, masks in seen] == expected_masks(rank, len(runs))


@on_one_and_on_two
@every_kind
def test_other_processes_go_on_with_a_run_that_stopped_as_if_it_had_not(runs, name, kind):
    for results in runs:
        whole = results[f"{name}, no workers, straight through"]
        before, after = results[f"{name}, {kind}, before"], results[f"{name}, {kind}, after"]
        assert len(before) == STOP[len(runs)]
        assert before + after == whole


@on_one_and_on_two
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


@on_one_and_on_two
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
    # Whichever process comes first.
    assert sorted(printed.splitlines()) == [line.strip() for line in shown.splitlines()]


def test_the_page_shows_the_recipes_that_are_run():
    page = (DOCS / "distributed.rst").read_text(encoding="utf-8")
    assert re.findall(r"literalinclude:: recipes/(\w+)\.py", page) == RECIPES
