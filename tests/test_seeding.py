"""Masks that follow a seed: the same in every loader, others for every batch, epoch and rank."""

import copy
import dataclasses
import pickle
import random
import subprocess
import sys
from itertools import combinations, product

import laws
import numpy as np
import pytest
import torch
from goodness import assert_follows, assert_uniform
from seeded_runs import (
    BATCH_SIZE,
    N_BATCHES,
    Records,
    Streams,
    all_kinds,
    allow_counting,
    allow_many_workers,
    draw,
    draw_epoch,
    fingerprint,
    numbered,
    numbers,
    tell_warnings,
    worker_of,
)
from torch.utils.data import DataLoader

import ecgmask
from ecgmask import (
    ContextToTarget,
    IJEPAMaskCollator,
    MaskAndComplement,
    MaskCollator,
    PatchMaskCollator,
    PerLead,
)

SIGNALS = [torch.zeros(2, 200)] * 8

FIXED_SIZES = [
    MaskCollator(5, 10, 0.25, 0.25, seed=7),
    IJEPAMaskCollator(5, (0.9, 0.9), (0.15, 0.15), truncate="first", seed=7, world_size=3),
    PatchMaskCollator(PerLead(MaskAndComplement(10, 0.25, 0.25), 2), 5, seed=7),
]
"""Collators whose sizes are always the same, so that masks can only differ in positions."""

# Before torch 2.7, batches go to workers in turn with in_order=False as well.
IN_ORDER = [True] if torch.__version__ < "2.7" else [False, True]

BUSY = MaskCollator(1, 1, 0.5, 0.5, seed=7)
"""So many masks are possible that those of two records never agree by chance."""

SEEDED = [
    MaskCollator(5, seed=0),
    MaskCollator(5, 8, 0.2, 0.3, seed=2**64 - 1, rank=3),
    IJEPAMaskCollator(5, seed=12, rank=1, world_size=4, truncate="random"),
    PatchMaskCollator(ContextToTarget(num_pred_blocks=2), 5, seed=3, world_size=2),
    PatchMaskCollator(PerLead(MaskAndComplement(), 2), 5, seed=3, rank=2, signal_key="ecg"),
]


def new(collate, **changes):
    """Return a collator like this one that has drawn nothing yet."""
    return dataclasses.replace(collate, **changes)


def batch_of(collate, epoch, batch):
    """Return the masks of a batch, wherever it is."""
    collate = new(collate)
    collate.load_state_dict({"seed": collate.seed, "epoch": epoch, "batch": batch})
    return fingerprint(collate(SIGNALS))


@pytest.fixture(scope="module")
def in_main_process():
    """The masks of three epochs, drawn without workers."""
    return draw(DataLoader(Records(), BATCH_SIZE, collate_fn=all_kinds(seed=5)), (0, 1, 4))


# Wherever they are drawn


@allow_many_workers
@pytest.mark.parametrize("persistent_workers", [False, True])
@pytest.mark.parametrize("num_workers", [1, 2, 3, 8])
def test_masks_are_the_same_for_any_number_of_workers(
    in_main_process, num_workers, persistent_workers
):
    loader = numbered(
        Records(),
        all_kinds(seed=5),
        num_workers=num_workers,
        persistent_workers=persistent_workers,
    )
    assert draw(loader, (0, 1, 4)) == in_main_process


@allow_many_workers
@pytest.mark.parametrize(
    ("method", "num_workers", "persistent_workers", "epochs"),
    [
        ("fork", 2, True, (4, 0)),
        # A worker that is started anew imports torch first: no more of them than it takes.
        ("spawn", 2, True, (1, 4, 0)),
        ("spawn", 1, False, (4, 1)),
        ("forkserver", 2, True, (1, 4, 0)),
    ],
)
def test_masks_are_the_same_however_workers_are_started(
    in_main_process, method, num_workers, persistent_workers, epochs
):
    loader = numbered(
        Records(),
        all_kinds(seed=5),
        num_workers=num_workers,
        persistent_workers=persistent_workers,
        multiprocessing_context=method,
    )
    assert draw(loader, epochs) == {epoch: in_main_process[epoch] for epoch in epochs}


@allow_many_workers
@pytest.mark.parametrize("prefetch_factor", [1, 5])
def test_masks_do_not_depend_on_prefetching(in_main_process, prefetch_factor):
    loader = numbered(
        Records(),
        all_kinds(seed=5),
        num_workers=2,
        prefetch_factor=prefetch_factor,
        persistent_workers=True,
    )
    assert draw(loader, (0, 1)) == {epoch: in_main_process[epoch] for epoch in (0, 1)}


@allow_many_workers
@pytest.mark.filterwarnings("ignore:'pin_memory' argument is set as true:UserWarning")
@pytest.mark.parametrize("num_workers", [0, 2])
def test_masks_do_not_depend_on_pinned_memory(in_main_process, num_workers):
    loader = numbered(
        Records(),
        all_kinds(seed=5),
        num_workers=num_workers,
        pin_memory=True,
    )
    assert draw(loader, (0, 1)) == {epoch: in_main_process[epoch] for epoch in (0, 1)}


@allow_many_workers
@pytest.mark.parametrize("in_order", IN_ORDER)
@pytest.mark.parametrize("persistent_workers", [False, True])
def test_masks_do_not_depend_on_the_speed_of_workers(in_main_process, in_order, persistent_workers):
    loader = numbered(
        # As late as can be: in order, a worker reads two batches ahead and no more.
        Records(after={0: 3 * BATCH_SIZE if in_order else N_BATCHES * BATCH_SIZE - 1}),
        all_kinds(seed=5),
        num_workers=2,
        in_order=in_order,
        persistent_workers=persistent_workers,
    )
    for epoch in (0, 1):
        loader.batch_sampler.set_epoch(epoch)
        drawn, workers = {}, {}
        for masked in loader:
            batch = numbers(masked)[0] // BATCH_SIZE
            drawn[batch], workers[batch] = fingerprint(masked), worker_of(masked)
        assert drawn == in_main_process[epoch]
        # Had workers counted their calls, some of these batches would have had another number.
        counted = [
            sum(workers[earlier] == workers[batch] for earlier in range(batch)) * 2 + workers[batch]
            for batch in range(N_BATCHES)
        ]
        assert (counted == list(range(N_BATCHES))) is in_order
        assert (list(drawn) == sorted(drawn)) is in_order


def test_shuffled_records_get_the_masks_of_their_place_in_the_epoch(in_main_process):
    loader = DataLoader(
        Records(),
        BATCH_SIZE,
        shuffle=True,
        generator=torch.Generator().manual_seed(0),
        collate_fn=all_kinds(seed=5),
    )
    masks, order = [], []
    for masked in loader:
        masks.append(fingerprint(masked))
        order += numbers(masked)
    assert order != sorted(order)
    assert masks == list(in_main_process[0].values())


def test_masks_do_not_depend_on_the_records():
    one, other = MaskCollator(5, seed=5), MaskCollator(5, seed=5)
    assert fingerprint(one(SIGNALS)) == fingerprint(other([torch.rand(3, 200) for _ in SIGNALS]))


# Never the same twice


@pytest.mark.parametrize("collate", FIXED_SIZES, ids=lambda c: type(c).__name__)
def test_masks_differ_for_every_batch_epoch_rank_and_seed(collate):
    places = list(product((7, 8), (0, 1, 2), (0, 1, 2), (0, 1, 2)))
    drawn = [
        batch_of(new(collate, seed=seed, rank=rank), epoch, batch)
        for seed, epoch, batch, rank in places
    ]
    assert len(set(drawn)) == len(places)


def test_sizes_differ_between_batches_epochs_and_seeds_but_not_between_ranks():
    def sizes(**place):
        place = {"seed": 7, "epoch": 0, "rank": 0} | place
        collate = MaskCollator(1, seed=place["seed"], rank=place["rank"])
        collate.set_epoch(place["epoch"])
        # 101 sizes are possible: twelve agree by chance once in 10**24.
        return [collate([torch.zeros(1, 1000)]).context.shape[1] for _ in range(12)]

    assert sizes(rank=1) == sizes()
    assert len(set(sizes())) > 1
    assert sizes(epoch=1) != sizes()
    assert sizes(seed=8) != sizes()


@pytest.mark.parametrize("varied", ["seed", "epoch", "batch", "rank"])
def test_masks_of_two_batches_are_independent(varied):
    # A context of two patches out of eight, beside a target that starts at 0, 1 or 2.
    collate = IJEPAMaskCollator(
        1, (1, 1), (0.75, 0.75), num_pred_blocks=1, min_keep=1, seed=7, world_size=2
    )
    starts = []
    for value in (0, 1):
        place = {"seed": 7, "epoch": 0, "batch": 0, "rank": 0} | {varied: value}
        one = new(collate, seed=place["seed"], rank=place["rank"])
        one.load_state_dict({key: place[key] for key in ("seed", "epoch", "batch")})
        _, _, (target,) = one([torch.zeros(1, 8)] * 3000)
        starts.append(target[:, 0].tolist())
    assert_uniform(zip(*starts, strict=True), product(range(3), repeat=2))


def test_sizes_of_successive_batches_are_independent_and_follow_the_law():
    collate = MaskCollator(5, seed=7)
    kept = [collate(SIGNALS[:1]).context.shape[1] for _ in range(4000)]
    law = laws.kept_counts(40, "0.15", "0.25")
    assert_follows(kept, law)
    pairs = list(zip(kept[::2], kept[1::2], strict=True))
    assert_follows(pairs, {(a, b): p * q for (a, p), (b, q) in product(law.items(), law.items())})


def test_sizes_and_positions_are_independent():
    # One target of two or three patches out of ten, at every start that fits.
    collate = IJEPAMaskCollator(1, (1, 1), (0.2, 0.4), num_pred_blocks=1, min_keep=1, seed=7)
    drawn = []
    for _ in range(4000):
        _, _, (target,) = collate([torch.zeros(1, 10)])
        drawn.append((target.shape[1], target[0, 0].item()))
    law = laws.block_lengths(10, "0.2", "0.4")
    assert_follows(drawn, {(n, at): p / (11 - n) for n, p in law.items() for at in range(11 - n)})


def test_a_strategy_gets_two_generators_of_which_ranks_share_that_of_sizes():
    drawn = []

    class Listener(MaskAndComplement):
        def draw(self, n_records, n_patches, rng, *, size_rng):
            drawn.append((size_rng.random(), rng.random()))
            return super().draw(n_records, n_patches, rng, size_rng=size_rng)

    for rank in (0, 1):
        collate = PatchMaskCollator(Listener(), 5, seed=7, rank=rank)
        for _ in range(3):
            collate(SIGNALS)
    sizes, positions = zip(*drawn, strict=True)
    assert sizes[:3] == sizes[3:]
    assert len({*sizes, *positions}) == 3 + 6


@pytest.fixture
def listener():
    """A strategy that tells the seeds and keys of its two generators, of sizes and of the rest."""
    keys = []

    class Listener(MaskAndComplement):
        def draw(self, n_records, n_patches, rng, *, size_rng):
            for generator in (size_rng, rng):
                seeded = generator.bit_generator.seed_seq
                keys.append((seeded.entropy, *seeded.spawn_key))
            return super().draw(n_records, n_patches, rng, size_rng=size_rng)

    return Listener(), keys


def test_generators_are_keyed_by_epoch_batch_strategy_and_rank(listener):
    strategy, keys = listener
    collate = PatchMaskCollator([strategy, strategy], 5, seed=7, rank=3)
    collate.load_state_dict({"seed": 7, "epoch": 5, "batch": 2})
    collate(SIGNALS)
    assert keys == [(7, 5, 2, 0), (7, 5, 2, 0, 3), (7, 5, 2, 1), (7, 5, 2, 1, 3)]


def test_records_of_each_length_are_drawn_with_both_generators(listener):
    strategy, keys = listener
    collate = PatchMaskCollator(strategy, 5, lengths_key=1, seed=7)
    collate([(torch.zeros(2, 200), length) for length in (200, 100, 150, 100)])
    positions = (7, 0, 0, 0, 0)
    expected = [((*positions, n_patches), positions) for n_patches in (20, 30, 40)]
    assert keys == [key for pair in expected for key in pair]


def test_a_seeded_collator_leaves_every_global_generator_alone():
    torch.manual_seed(3)
    random.seed(3)
    before = torch.get_rng_state(), random.getstate()
    state = np.random.get_state(legacy=False)  # noqa: NPY002
    for collate in SEEDED[:4]:
        collate(SIGNALS)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert random.getstate() == before[1]
    after = np.random.get_state(legacy=False)  # noqa: NPY002
    assert state["state"]["pos"] == after["state"]["pos"]
    assert np.array_equal(state["state"]["key"], after["state"]["key"])


# Without a seed


@allow_many_workers
@pytest.mark.parametrize("num_workers", [0, 2])
def test_manual_seed_repeats_a_run_with_the_same_number_of_workers(num_workers):
    def run(seed):
        torch.manual_seed(seed)
        loader = DataLoader(Records(), BATCH_SIZE, collate_fn=all_kinds(), num_workers=num_workers)
        return draw(loader)

    first = run(3)
    assert run(3) == first
    assert run(4) != first


@allow_many_workers
@pytest.mark.parametrize("persistent_workers", [False, True])
def test_workers_and_epochs_never_share_masks_without_a_seed(persistent_workers):
    torch.manual_seed(3)
    loader = DataLoader(
        Records(),
        BATCH_SIZE,
        collate_fn=new(BUSY, seed=None),
        num_workers=3,
        persistent_workers=persistent_workers,
    )
    epochs = [draw_epoch(loader) for _ in range(3)]
    assert len({masks for epoch in epochs for masks in epoch.values()}) == 3 * N_BATCHES


def test_masks_without_a_seed_follow_neither_numpy_nor_random():
    drawn = []
    for _ in range(2):
        np.random.seed(3)  # noqa: NPY002
        random.seed(3)
        drawn.append(fingerprint(all_kinds()(SIGNALS)))
    assert drawn[0] != drawn[1]


def test_masks_without_a_seed_leave_the_generator_of_python_alone():
    before = random.getstate()
    all_kinds()(SIGNALS)
    assert random.getstate() == before


def test_set_epoch_has_no_effect_without_a_seed():
    drawn = []
    for epoch in (0, 3):
        torch.manual_seed(3)
        collate = MaskCollator(5)
        collate.set_epoch(epoch)
        drawn.append(fingerprint(collate(SIGNALS)))
    assert drawn[0] == drawn[1]


# Epochs


@pytest.mark.parametrize(
    ("epoch", "error", "message"),
    [
        (-1, ValueError, "epoch must be at least 0, not -1"),
        (1.0, TypeError, r"epoch must be a whole number, not 1\.0 of type float"),
        (True, TypeError, "epoch must be a whole number, not True"),
        (None, TypeError, "epoch must be a whole number, not None"),
    ],
)
@pytest.mark.parametrize("seed", [None, 3])
def test_an_epoch_that_is_no_count_is_refused(seed, epoch, error, message):
    with pytest.raises(error, match=message):
        MaskCollator(5, seed=seed).set_epoch(epoch)


def test_set_epoch_starts_an_epoch_over():
    collate = MaskCollator(5, seed=3)
    collate.set_epoch(2)
    one = [fingerprint(collate(SIGNALS)) for _ in range(3)]
    collate.set_epoch(2)
    assert [fingerprint(collate(SIGNALS)) for _ in range(3)] == one


@allow_many_workers
def test_an_epoch_that_was_broken_off_leaves_no_trace_in_the_next(in_main_process):
    loader = numbered(
        Records(),
        all_kinds(seed=5),
        num_workers=2,
        persistent_workers=True,
    )
    loader.batch_sampler.set_epoch(0)
    next(iter(loader))
    assert draw_epoch(loader, 1) == in_main_process[1]


def test_without_workers_batches_are_counted_on_when_set_epoch_is_forgotten():
    loader = DataLoader(Records(), BATCH_SIZE, collate_fn=new(BUSY))
    first, second = draw_epoch(loader), draw_epoch(loader)
    assert not set(first.values()) & set(second.values())


@allow_many_workers
@pytest.mark.parametrize("persistent_workers", [False, True])
def test_workers_that_count_their_calls_say_so_once(capfd, persistent_workers):
    loader = DataLoader(
        Records(),
        BATCH_SIZE,
        collate_fn=MaskCollator(5, seed=5),
        num_workers=1,
        persistent_workers=persistent_workers,
        worker_init_fn=tell_warnings,
    )
    draw_epoch(loader)
    printed = capfd.readouterr().err
    assert printed.startswith("batches come to workers without their number, so each worker counts")
    assert "pass the loader batch_sampler=NumberedBatches(...)" in printed
    assert printed.count("\n") == 1
    draw(loader, (1, 2))
    assert capfd.readouterr().err == ""


@allow_many_workers
@allow_counting
@pytest.mark.parametrize("persistent_workers", [False, True])
@pytest.mark.parametrize("num_workers", [1, 2, 3])
def test_workers_that_count_their_calls_draw_the_same_if_epochs_are_told(
    in_main_process, num_workers, persistent_workers
):
    loader = DataLoader(
        Records(),
        BATCH_SIZE,
        collate_fn=all_kinds(seed=5),
        num_workers=num_workers,
        persistent_workers=persistent_workers,
    )
    assert draw(loader, (0, 1, 4)) == in_main_process


@allow_many_workers
def test_without_a_seed_workers_do_not_say_that_they_count(capfd):
    loader = DataLoader(
        Records(),
        BATCH_SIZE,
        collate_fn=MaskCollator(5),
        num_workers=2,
        worker_init_fn=tell_warnings,
    )
    draw_epoch(loader)
    assert capfd.readouterr().err == ""


@allow_many_workers
def test_an_iterable_dataset_warns_too_when_set_epoch_is_forgotten(capfd):
    loader = DataLoader(
        # The first worker has nothing to read, as happens when there are few files.
        Streams(0, 3),
        BATCH_SIZE,
        collate_fn=MaskCollator(5, seed=5),
        num_workers=2,
        worker_init_fn=tell_warnings,
    )
    draw_epoch(loader)
    assert capfd.readouterr().err == ""
    draw_epoch(loader)
    assert capfd.readouterr().err.startswith("epoch 0 starts again")


def test_the_warning_reaches_whoever_runs_a_script():
    script = """
import torch
from torch.utils.data import DataLoader
from ecgmask import MaskCollator

loader = DataLoader(
    [torch.zeros(2, 200)] * 8, 2, collate_fn=MaskCollator(5, seed=1), num_workers=1
)
for epoch in range(4):
    for masked in loader:
        pass
"""
    run = subprocess.run(
        [sys.executable, "-W", "default", "-c", script], capture_output=True, text=True, check=True
    )
    assert run.stderr.count("UserWarning: batches come to workers without their number") == 1


# Datasets that are streams


def test_a_stream_gets_the_masks_of_a_map_style_dataset(in_main_process):
    loader = DataLoader(Streams(N_BATCHES), BATCH_SIZE, collate_fn=all_kinds(seed=5))
    assert draw(loader, (0, 1, 4)) == in_main_process


@allow_many_workers
@pytest.mark.parametrize("persistent_workers", [False, True])
def test_workers_with_streams_of_their_own_draw_the_same_masks_for_other_records(
    in_main_process, persistent_workers
):
    loader = DataLoader(
        Streams(5, 4),
        BATCH_SIZE,
        collate_fn=all_kinds(seed=5),
        num_workers=2,
        persistent_workers=persistent_workers,
    )
    for epoch in (0, 1):
        loader.collate_fn.set_epoch(epoch)
        batches = list(loader)
        assert [fingerprint(masked) for masked in batches] == list(in_main_process[epoch].values())
        assert [numbers(masked)[0] // 1000 for masked in batches] == [0, 1, 0, 1, 0, 1, 0, 1, 0]


@allow_many_workers
@pytest.mark.parametrize("n_batches", [(1, 6, 2), (0, 5, 0), (6, 0, 1)])
def test_streams_of_different_lengths_never_share_masks(n_batches):
    loader = DataLoader(Streams(*n_batches), BATCH_SIZE, collate_fn=new(BUSY), num_workers=3)
    drawn = []
    for epoch in (0, 1):
        loader.collate_fn.set_epoch(epoch)
        drawn += [fingerprint(masked) for masked in loader]
    assert len(set(drawn)) == len(drawn) == 2 * sum(n_batches)


@allow_many_workers
def test_streams_of_different_lengths_get_the_same_masks_at_any_speed():
    # The second stream ends early: before the first has read anything, or long after.
    runs = []
    for after in ({0: 1001}, {1000: 3}):
        loader = DataLoader(
            Streams(8, 1, 2, after=after), BATCH_SIZE, collate_fn=new(BUSY), num_workers=3
        )
        runs.append({numbers(masked)[0]: fingerprint(masked) for masked in loader})
    assert runs[0] == runs[1]


# Collators as values


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c))])
@pytest.mark.parametrize("original", SEEDED, ids=repr)
def test_copies_of_a_seeded_collator_are_equal(original, duplicate):
    other = duplicate(original)
    assert other == original
    assert hash(other) == hash(original)
    assert repr(other) == repr(original)


@pytest.mark.parametrize("original", SEEDED, ids=repr)
def test_a_seeded_collator_prints_as_the_code_that_makes_it(original):
    assert eval(repr(original), vars(ecgmask)) == new(original)


def test_collators_with_other_seeds_or_ranks_are_not_equal():
    collators = [MaskCollator(5), *SEEDED[:2], MaskCollator(5, seed=0, rank=1)]
    assert all(one != other for one, other in combinations(collators, 2))


def test_collators_that_draw_other_masks_are_not_equal_and_keep_their_hash():
    one, other = MaskCollator(5, seed=3), MaskCollator(5, seed=3)
    before = hash(one)
    one.set_epoch(4)
    assert one != other
    other.set_epoch(4)
    one(SIGNALS)
    assert one != other
    other(SIGNALS)
    assert one == other
    assert hash(one) == hash(other) == before
    assert repr(one) == repr(other)


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c))]
)
def test_a_copy_goes_on_at_the_same_batch_and_then_its_own_way(duplicate):
    one = MaskCollator(5, seed=3)
    one.set_epoch(4)
    one(SIGNALS)
    other = duplicate(one)
    assert other.state_dict() == one.state_dict() == {"seed": 3, "epoch": 4, "batch": 1}
    other.set_epoch(5)
    assert one.state_dict() == {"seed": 3, "epoch": 4, "batch": 1}
    one(SIGNALS)
    assert other.state_dict() == {"seed": 3, "epoch": 5, "batch": 0}


def test_a_collator_with_other_parameters_starts_from_the_beginning():
    one = MaskCollator(5, seed=3)
    one.load_state_dict({"seed": 3, "epoch": 2, "batch": 7})
    other = dataclasses.replace(one, patch_size=10)
    assert other.state_dict() == {"seed": 3, "epoch": 0, "batch": 0}


@allow_many_workers
@allow_counting
@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c))])
def test_a_copy_reaches_its_own_persistent_workers(in_main_process, duplicate):
    loader = DataLoader(
        Records(),
        BATCH_SIZE,
        collate_fn=duplicate(all_kinds(seed=5)),
        num_workers=2,
        persistent_workers=True,
    )
    assert draw(loader, (0, 1, 4)) == in_main_process


@pytest.mark.parametrize(
    ("seed", "error", "message"),
    [
        (-1, ValueError, "seed must be at least 0, not -1"),
        (2**64, ValueError, r"seed must be below 2\*\*64, not 18446744073709551616"),
        (0.0, TypeError, r"seed must be a whole number, not 0\.0 of type float"),
        ("3", TypeError, "seed must be a whole number, not '3'"),
        (True, TypeError, "seed must be a whole number, not True"),
    ],
)
@pytest.mark.parametrize("make", [MaskCollator, IJEPAMaskCollator])
def test_a_seed_that_is_no_count_is_refused(make, seed, error, message):
    with pytest.raises(error, match=message):
        make(5, seed=seed)


def test_a_seed_from_numpy_is_a_seed():
    collate = MaskCollator(5, seed=np.int64(3))
    assert eval(repr(collate), vars(ecgmask)) == collate
    assert fingerprint(collate(SIGNALS)) == fingerprint(MaskCollator(5, seed=3)(SIGNALS))
