"""What masks and figures cost, as ratios within one run."""

import tracemalloc

import matplotlib.pyplot as plt
import numpy as np
import plain
import pytest
import torch
from every import FAMILIES, draw, rows_of
from torch.utils.data import default_collate

import ecgmask
from ecgmask import ContextToTarget, IJEPAMaskCollator, MaskAndComplement, MaskCollator, sample_ecg
from ecgmask.plotting import plot_12_leads

N_PATCHES = 200
STRATEGIES = [MaskAndComplement(), ContextToTarget()]
PRESETS = dict.fromkeys(code for family in FAMILIES for code in family.presets.values())


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="module")
def records():
    signal = torch.tensor(sample_ecg().signal)
    return [signal.clone() for _ in range(1024)]


def name(strategy):
    return type(strategy).__name__


@pytest.mark.parametrize(
    ("n_records", "strategy", "plain_draw", "at_least"),
    [
        (1024, MaskAndComplement(), plain.mask_and_complement, 30),
        (1024, ContextToTarget(), plain.context_to_target, 8),
        (64, MaskAndComplement(), plain.mask_and_complement, 12),
        (64, ContextToTarget(), plain.context_to_target, 5),
    ],
)
def test_masks_beat_a_loop_over_records(
    fastest, report, rng, n_records, strategy, plain_draw, at_least
):
    ours, loop = fastest(
        lambda: strategy.draw(n_records, N_PATCHES, rng),
        lambda: [plain_draw(N_PATCHES, rng) for _ in range(n_records)],
        rounds=100 if n_records == 64 else 20,
    )
    report(
        f"{name(strategy)}, {n_records} records, against a loop over records",
        f"{loop / ours:.1f} x",
        f">= {at_least} x",
    )
    report(
        f"{name(strategy)}, {n_records} records, masked per second", f"{n_records / ours:,.0f}", ""
    )
    assert loop / ours >= at_least


def test_masks_beat_a_loop_over_records_in_torch(fastest, report, rng):
    ours, loop = fastest(
        lambda: ContextToTarget().draw(1024, N_PATCHES, rng),
        lambda: [plain.context_to_target_torch(N_PATCHES) for _ in range(1024)],
        rounds=5,
    )
    report("ContextToTarget, 1024 records, against a torch loop", f"{loop / ours:.0f} x", ">= 40 x")
    assert loop / ours >= 40


@pytest.mark.parametrize("code", PRESETS)
def test_masks_cost_little_beside_stacking(fastest, report, rng, records, code):
    strategy = eval(code, vars(ecgmask).copy())
    ours, stacking = fastest(
        lambda: draw(strategy, len(records), N_PATCHES, rng),
        lambda: default_collate(records),
        rounds=10,
    )
    # A shared mask has 200 tokens a record, a per-lead mask 2400.
    at_most = 3 if rows_of(strategy) == 1 else 8
    report(
        f"{code}, 1024 records, as part of default_collate",
        f"{ours / stacking:.1%}",
        f"<= {at_most} %",
    )
    assert 100 * ours / stacking <= at_most


@pytest.mark.parametrize("collate", [MaskCollator(), IJEPAMaskCollator()], ids=name)
def test_collators_cost_little_beside_stacking(fastest, report, records, collate):
    ours, stacking = fastest(lambda: collate(records), lambda: default_collate(records), rounds=15)
    report(
        f"{name(collate)}, 1024 records, whole call against default_collate",
        f"{ours / stacking:.2f} x",
        "<= 1.10 x",
    )
    assert ours / stacking <= 1.10


@pytest.fixture(scope="module")
def many_records():
    """More records than a cache holds, as they come from a file or a worker."""
    signal = torch.tensor(sample_ecg().signal)
    return [signal.clone() for _ in range(2048)]


# A draw takes as many calls of NumPy for 16 records as for 64, and longer than to stack them.
@pytest.mark.parametrize(("n_records", "at_most"), [(16, 4.5), (64, 3), (256, 1.4)])
def test_collators_cost_little_beside_stacking_few_records(
    fastest, report, many_records, n_records, at_most
):
    collate = MaskCollator()
    order = np.random.default_rng(0)
    batches = {}

    def next_batch(name):
        # Other records each time: those of the last call are in the cache.
        some = order.permutation(len(many_records))[:n_records]
        batches[name] = [many_records[number] for number in some]

    ours, stacking = fastest(
        lambda: collate(batches["ours"]),
        lambda: default_collate(batches["theirs"]),
        before=lambda: (next_batch("ours"), next_batch("theirs")),
        rounds=200 if n_records < 256 else 20,
    )
    work = f"MaskCollator, {n_records} records not in the cache, whole call"
    report(f"{work} against default_collate", f"{ours / stacking:.2f} x", f"<= {at_most:.2f} x")
    report(f"{work} less default_collate", f"{1000 * (ours - stacking):.2f} ms", "")
    assert ours / stacking <= at_most


def test_collators_beat_a_loop_over_records(fastest, report, rng, records):
    collate = MaskCollator()
    ours, loop = fastest(
        lambda: collate(records[:64]),
        lambda: plain.collate_mask_and_complement(records[:64], 25, rng),
        rounds=40,
    )
    report("MaskCollator, 64 records, whole call against a loop", f"{loop / ours:.1f} x", ">= 4 x")
    assert loop / ours >= 4


@pytest.mark.parametrize("strategy", STRATEGIES, ids=name)
def test_cost_grows_no_faster_than_the_number_of_patches(fastest, report, rng, strategy):
    short, long = fastest(
        lambda: strategy.draw(256, 200, rng), lambda: strategy.draw(256, 2000, rng)
    )
    report(f"{name(strategy)}, 2000 patches against 200", f"{long / short:.1f} x", "<= 10 x")
    assert long / short <= 10


@pytest.mark.parametrize("strategy", STRATEGIES, ids=name)
def test_memory_while_drawing_is_bounded(report, rng, strategy):
    strategy.draw(1024, N_PATCHES, rng)
    tracemalloc.start()
    strategy.draw(1024, N_PATCHES, rng)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    bytes_each = peak / (1024 * N_PATCHES)
    report(
        f"{name(strategy)}, memory per record and patch",
        f"{bytes_each:.0f} bytes",
        "< 32 bytes",
    )
    assert bytes_each < 32


def test_figures_beat_a_line_per_patch(fastest, report, rng):
    ecg = sample_ecg()
    masks = ContextToTarget().draw(1, N_PATCHES, rng)
    context = np.flatnonzero(masks.context)
    targets = [np.flatnonzero(block) for block in masks.targets[0, :, 0]]

    def ours():
        plt.close(plot_12_leads(ecg, masks))

    def a_line_per_patch():
        plt.close(plain.draw_12_leads(ecg.signal, context, targets))

    fast, slow = fastest(ours, a_line_per_patch, rounds=3)
    report("12-lead figure, built, against a line per patch", f"{slow / fast:.0f} x", ">= 10 x")
    assert slow / fast >= 10
